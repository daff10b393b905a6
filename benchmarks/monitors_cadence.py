"""A thousand monitors on two cores: whether each looks when it is due, while predictions and their truth come in.

The real beat and worker on PostgreSQL and Valkey of their own; all kinds of monitors that compare rows, on ten slots.
Every look is on record with the moment it was due and the moment it was stored: the difference is how late it was, and
a due time without a look is a missed one. There is no peer with a scheduler of its own to hold this against.
CADENCE_MONITORS=1000, CADENCE_SECONDS=60 and CADENCE_MINUTES=5 are the sizes.
"""

import os
import random
import time
from collections import Counter
from datetime import datetime, timedelta

import psutil

from benchmarks.rig import house, tables

# isort: split
from django.utils import timezone

from monitoring.models import Monitor, MonitorRun
from monitoring.services import monitors
from registry.models import Outcome, Prediction
from tests import houses, live
from tests.factories import acting
from tests.houses import House

MONITORS = int(os.environ.get("CADENCE_MONITORS", 1_000))
CADENCE = int(os.environ.get("CADENCE_SECONDS", 60))
MINUTES = float(os.environ.get("CADENCE_MINUTES", 5))
SLOTS, ROWS, LEAST = 10, 500, 200
#: Predictions a slot and cadence, so that each look has enough rows.
TRAFFIC = 300
KINDS = {
    "drift": {},
    "output_drift": {},
    "performance": {"floor": 0.5},
    "fairness": {"attributes": ["SEX"], "floor": 0.2},
    "quality": {},
}
HEAD = (
    "due", "looks", "looks a second", "late p50 s", "p95", "most", "missed",
    "evaluated", "workers' processor share", "memory MB",
)  # fmt: skip


def watch(one: House, count: int) -> None:
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        monitors.create(
            one.slot,
            kind=kind,
            name=f"{kind} {number}",
            cadence_seconds=CADENCE,
            parameters={"window_rows": ROWS, "min_n": LEAST, **KINDS[kind]},
            actor=acting(one.operator),
        )


def feed(one: House, rows: int, chance: random.Random) -> None:
    """Answers and their truth as they come in, at this moment."""
    assignment = one.slot.assignments.select_related("champion").first()
    assert assignment is not None
    now = timezone.now()
    made = [
        Prediction(
            at=now,
            slot=one.slot,
            slot_revision=assignment.revision,
            model_version=assignment.champion,
            arm=Prediction.Arm.CHAMPION,
            features={"AGEP": 18 + chance.randrange(60), "SCHL": chance.randrange(24)},
            attributes={"SEX": 1 + chance.randrange(2)},
            score=(score := chance.random()),
            decision=int(score >= 0.5),
            latency_us=900,
        )
        for _ in range(rows)
    ]
    Prediction.objects.bulk_create(made)
    Outcome.objects.bulk_create([Outcome(prediction=one, value=int(chance.random() < one.score)) for one in made])


def spread(together: bool) -> datetime:
    """The first due times: all at one moment, or evenly over the cadence, as they are when people make them."""
    start = timezone.now() + timedelta(seconds=5)
    for place, monitor in enumerate(Monitor.objects.order_by("created_at")):
        apart = 0 if together else CADENCE * place / MONITORS
        Monitor.objects.filter(pk=monitor.pk).update(next_due_at=start + timedelta(seconds=apart))
    return start


def measure(stack: live.Stack, built: list[House], *, together: bool) -> tuple[object, ...]:
    chance, started = random.Random(0), spread(together)
    busy, until = _seconds(stack), time.monotonic() + 60 * MINUTES
    while time.monotonic() < until:
        begun = time.monotonic()
        for one in built:
            feed(one, TRAFFIC // 4, chance)
        time.sleep(max(0.0, CADENCE / 4 - (time.monotonic() - begun)))
    ended = timezone.now()
    share = (_seconds(stack) - busy) / (ended - started).total_seconds()
    return "all at once" if together else "evenly", *_figures(started, ended), f"{share:.2f}", f"{_memory(stack):,.0f}"


def _figures(started: datetime, ended: datetime) -> tuple[object, ...]:
    found = MonitorRun.objects.filter(due_at__gte=started)
    runs = list(found.order_by("due_at").values_list("monitor", "due_at", "created_at", "verdict"))
    late = [(stored - due).total_seconds() for _, due, stored, _ in runs]
    # What is due in the last moments may still come.
    settled = ended - timedelta(seconds=CADENCE)
    first = {monitor: due for monitor, due, _, _ in reversed(runs)}
    wanted = sum((settled - due) // timedelta(seconds=CADENCE) + 1 for due in first.values())
    missed = wanted - sum(due <= settled for _, due, _, _ in runs) + MONITORS - len(first)
    verdicts = Counter(verdict for *_, verdict in runs)
    evaluated = 1 - verdicts[MonitorRun.Verdict.NOT_EVALUABLE] / len(runs)
    each = (f"{tables.percentile(late, percent):.1f}" for percent in (50, 95, 100))
    rate = len(runs) / (ended - started).total_seconds()
    return f"{len(runs):,}", f"{rate:.1f}", *each, missed, f"{evaluated:.0%}"


def _processes(stack: live.Stack) -> list[psutil.Process]:
    parent = psutil.Process(stack.running["worker"].pid)
    return [parent, *parent.children(recursive=True)]


def _seconds(stack: live.Stack) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in _processes(stack))


def _memory(stack: live.Stack) -> float:
    return sum(one.memory_info().rss for one in _processes(stack)) / 2**20


def main() -> None:
    """Print the table."""
    print(tables.machine())
    with house.stack("web", "worker", "beat", "sequencer") as stack:
        built = [houses.build() for _ in range(SLOTS)]
        for one in built:
            houses.champion(one)
            watch(one, MONITORS // SLOTS)
        title = f"{MONITORS:,} monitors, each every {CADENCE} s, for {MINUTES:g} minutes"
        tables.show(title, HEAD, (measure(stack, built, together=together) for together in (False, True)))


if __name__ == "__main__":
    main()
