"""What detectors promise and what they keep: how often they alarm though nothing changes, how soon they find a shift.

Streams: each detector is told to run so many values without an alarm on average. Samples: each is told how often it may
alarm. All see the same data; alibi-detect in its own environment (`make alibi`), and left out where that is not made.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.rig import detecting, tables
from benchmarks.rig.detecting import Alarms, Answer, Drifted, Make, Start
from mlops_server import processes

RUN = 500
REFERENCES, REFERENCE, LENGTH = 20, 500, 5_000
SHIFTED, BEFORE, AFTER = 3, 500, 1_000
ALPHA, LOOKS, ROWS = 0.05, 400, 300
SHIFTS = (0.25, 0.5, 1.0)
TORCH = ("alibi.mmd", "alibi.lsdd")


def main() -> None:
    """Print both tables."""
    print(tables.machine())
    with contextlib.ExitStack() as stack:
        answer = stack.enter_context(detecting.alibi()) if processes.alibi() else None
        shown = [f"delay, {shift:g} sd" for shift in SHIFTS]
        title = f"Streams: {RUN} values between two false alarms are stated; {REFERENCES} x {LENGTH:,} values"
        rows = (of_stream(*one) for one in streams(answer))
        tables.show(title, ("detector", "values", "between false alarms (alarms)", *shown), rows)
        shown = [f"found, {shift:g} sd" for shift in (0.1, *SHIFTS[:2])]
        title = f"Samples: {ALPHA:.0%} of looks may alarm; {LOOKS} looks of {ROWS} rows at {ROWS}"
        rows = (of_samples(*one) for one in samples(answer))
        tables.show(title, ("detector", "rows", "false alarms", *shown), rows)


def streams(answer: Answer | None) -> Iterator[tuple[str, Make, Start]]:
    for name in ("river.adwin", "river.kswin", "river.page_hinkley"):
        for make in (detecting.normal, detecting.lognormal):
            yield name, make, detecting.stream_here(name, RUN)
    for name in ("river.adwin", "river.page_hinkley"):
        yield name, detecting.yes, detecting.stream_here(name, RUN)
    if answer:
        for make in (detecting.normal, detecting.lognormal):
            yield "alibi.cvm_online", make, detecting.stream_of_alibi("alibi.cvm_online", RUN, answer)
        yield "alibi.fet_online", detecting.yes, detecting.stream_of_alibi("alibi.fet_online", RUN, answer)


def samples(answer: Answer | None) -> Iterator[tuple[str, Make, Drifted]]:
    level = {"alpha": ALPHA}
    yield "ours.drift", detecting.pairs, detecting.samples_here("ours.drift", {"fdr": ALPHA})
    for name in ("ours.ks", "ours.cramer_von_mises", "ours.anderson_darling", "ours.mmd", "ours.energy"):
        yield name, detecting.pairs, detecting.samples_here(name, level)
    for name in ("ours.chi_square", "ours.g_test"):
        yield name, detecting.codes, detecting.samples_here(name, level)
    if answer:
        torch = TORCH if list(processes.ALIBI.glob("lib/*/site-packages/torch")) else ()
        for name in ("alibi.ks", "alibi.classifier", "alibi.isolation_forest", "alibi.mahalanobis", *torch):
            yield name, detecting.pairs, detecting.samples_of_alibi(name, level, answer)
        yield "alibi.chi_square", detecting.codes, detecting.samples_of_alibi("alibi.chi_square", level, answer)
        name = "alibi.classifier_uncertainty"
        yield name, detecting.probabilities, detecting.samples_of_alibi(name, level, answer)


def of_stream(name: str, make: Make, start: Start) -> tuple[str, ...]:
    started = [start(make(np.random.default_rng(seed), REFERENCE, 0.0)) for seed in range(REFERENCES)]
    return name, make.__name__, run(make, started), *(delay(make, started, shift) for shift in SHIFTS)


def run(make: Make, started: list[Alarms]) -> str:
    """Values for each false alarm, and how many alarms that is."""
    found = sum(len(alarms(make(np.random.default_rng([1, at]), LENGTH, 0.0))) for at, alarms in enumerate(started))
    return f"{REFERENCES * LENGTH / max(1, found):,.0f} ({found})"


def delay(make: Make, started: list[Alarms], shift: float) -> str:
    """The median number of values from a shift to its alarm, and the share of streams without one."""
    delays = []
    for at, alarms in enumerate(started * SHIFTED):
        random = np.random.default_rng([2, at])
        stream = np.concatenate([make(random, BEFORE, 0.0), make(random, AFTER, shift)])
        late = [row - BEFORE for row in alarms(stream) if row >= BEFORE]
        delays.append(float(late[0] + 1) if late else np.inf)
    missed, median = float(np.isinf(delays).mean()), float(np.median(delays))
    shown = [f"{median:.0f}"] * bool(np.isfinite(median)) + [f"{missed:.0%} missed"] * bool(missed)
    return ", ".join(shown)


def of_samples(name: str, make: Make, drifted: Drifted) -> tuple[str, ...]:
    found = (f"{share(make, drifted, shift, LOOKS // 4):.0%}" for shift in (0.1, *SHIFTS[:2]))
    return name, make.__name__, f"{share(make, drifted, 0.0, LOOKS):.1%}", *found


def share(make: Make, drifted: Drifted, shift: float, looks: int) -> float:
    """Of so many looks, each at a reference and a window of their own, the share that found drift."""
    randoms = [np.random.default_rng(seed) for seed in range(looks)]
    return sum(drifted(make(one, ROWS, 0.0), make(one, ROWS, shift)) for one in randoms) / looks


if __name__ == "__main__":
    main()
