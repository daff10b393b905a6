"""Looks on replayed rows, by the code that looks at live ones: how often they ring, and how soon."""

import statistics
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.utils import timezone

from monitoring.models import Monitor, MonitorRun
from monitoring.services import checks, parameters
from monitoring.services.calibrations import is_stream, of_inputs, pools, rows_of, shifts, too_few
from monitoring.services.calibrations.pools import Pool
from monitoring.services.calibrations.shifts import Shift
from monitoring.services.checks import Elsewhere, Finding, Question
from monitoring.services.profiles import Missing, References
from monitoring.services.windows import Window
from registry.models import ModelVersion

#: Looks at rows that did not move.
LOOKS = 200
#: Of each shift, so many times so many looks at most.
TIMES, MOST_LOOKS = 10, 10
#: A stream that is compared with its own past must have one, of so many looks, before a shift.
PAST = 2
Kind = Monitor.Kind
#: Held to a limit: without replacement half of the pool varies too little, and rings too rarely. Two samples that are
#: compared are another matter: with replacement they differ too much.
LIMITED = (Kind.QUALITY, Kind.PERFORMANCE, Kind.ESTIMATED)
Verdict = MonitorRun.Verdict
MOVES: dict[str, Callable[[ModelVersion, Pool], Iterator[Shift]]] = {
    Kind.DRIFT: shifts.of_inputs,
    Kind.QUALITY: shifts.of_inputs,
    Kind.OUTPUT_DRIFT: shifts.of_scores,
    Kind.PERFORMANCE: shifts.of_truths,
    Kind.ESTIMATED: shifts.of_certainty,
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many looks at unmoved rows rang, and how soon each shift did; `rows` a look, drawn from `pool` of them."""

    looks: int
    false_alarms: int
    rows: int
    pool: int
    shifts: list[dict[str, Any]]


def replay(monitor: Monitor, look: MonitorRun, references: References, *, seed: int) -> Replayed:
    """Look at rows like those of the version's reference, and at moved ones. Raises Missing where they are too few."""
    version = look.model_version
    assert version is not None
    asked = parameters.completed(monitor.kind, monitor.parameters)
    inputs = of_inputs(monitor)
    held = version.dataset_version.row_count if inputs else len(references.answers(version))
    if few := too_few(monitor, held):
        raise Missing(few)
    rows = rows_of(monitor, held)
    pool = (pools.of_inputs if inputs else pools.of_answers)(version, references)
    move = MOVES.get(monitor.kind) or (partial(shifts.of_inputs, only=asked["columns"]) if inputs else shifts.of_scores)
    looking = _Looking(copy(monitor), version, rows, asked, np.random.default_rng(seed))
    false_alarms = looking.unmoved(pool)
    found = [looking.moved(one, pool) for one in move(version, pool)]
    return Replayed(LOOKS, false_alarms, rows, len(pool.rows), found)


@dataclass(frozen=True)
class _Looking:
    """The monitor as a copy, whose progress is the replay's own."""

    monitor: Monitor
    version: ModelVersion
    rows: int
    asked: dict[str, Any]
    random: np.random.Generator

    def unmoved(self, pool: Pool) -> int:
        """How many looks ring. One that does begins anew, so that each counts once."""
        self.monitor.progress = {}
        rang = 0
        for _ in range(LOOKS):
            found = self._look(pool)
            if found.verdict == Verdict.NOT_EVALUABLE and found.progress is None:
                raise Missing(found.reason)
            if found.verdict == Verdict.ALARM:
                rang += 1
                self.monitor.progress = {}
        return rang

    def moved(self, shift: Shift, before: Pool) -> dict[str, Any]:
        """The looks that a shift takes to ring, of a monitor that has not looked yet, or of a stream that has begun."""
        found = [look for _ in range(TIMES) if (look := self._until_it_rings(shift.pool, before)) is not None]
        return {
            "shift": shift.words,
            "size": shift.size,
            "found": len(found),
            "of": TIMES,
            "looks_median": statistics.median(found) if found else None,
            "looks_most": MOST_LOOKS,
        }

    def _until_it_rings(self, pool: Pool, before: Pool) -> int | None:
        self.monitor.progress = {}
        for _ in range(PAST if is_stream(self.monitor) else 0):
            self._look(before)
        looks = range(1, MOST_LOOKS + 1)
        return next((look for look in looks if self._look(pool).verdict == Verdict.ALARM), None)

    def _look(self, pool: Pool) -> Finding:
        now = timezone.now()
        drawn = self.random.choice(len(pool.rows), self.rows, replace=self.monitor.kind in LIMITED)
        window = Window(now, now, [pool.rows[place] for place in drawn.tolist()], pool.truths)
        found = checks.judge(Question(self.monitor, self.version, window, self.asked, pool.references))
        assert not isinstance(found, Elsewhere)  # of which nothing is replayed
        if found.progress is not None:
            self.monitor.progress = found.progress
        return found
