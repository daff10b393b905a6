"""The nearest case that is decided otherwise: fewest and smallest changes of the features that may change.

A beam search over values that were observed, the same for the same case: no draw of chance, no feature that was not
declared mutable, no value that nobody ever had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.evaluation.subject import BINARY, REGRESSION
from workers.pipelines.explain import dependence
from workers.pipelines.explain.parts import Ids, Pool, Values

BEAM = 30
SHOWN = 3


@dataclass(frozen=True)
class Wish:
    """What may change, in which direction, by how many features, and what shall come of it.

    mutable: by feature "any", "increase" or "decrease". target: a class's place, or, of a number, the least value.
    """

    mutable: Mapping[str, str]
    target: float
    changes_at_most: int = 3
    values: int = 20


@dataclass
class _Search:
    pool: Pool
    case: int
    scales: Values
    tried: int = 0
    reached: list[tuple[float, tuple[int, ...], Ids]] = field(default_factory=list)


def search(pool: Pool, case: int, observed: Ids, wish: Wish) -> dict[str, Any]:
    """The nearest changes of the pool's row `case` that reach the target, with values from the `observed` rows.

    Distance is the sum over changed features of one plus the change in units of the feature's observed spread (a
    category counts one more), so that few changes come before small ones. Raises EvaluationRefused where a mutable
    feature is none of the model's.
    """
    places = _places(pool, wish.mutable)
    candidates = [(place, _candidates(pool, case, observed, place, wish)) for place in places]
    run = _Search(pool, case, _scales(pool, observed))
    beam = pool.own([case])
    before = pool.answers(beam)
    if _reaches(pool, before, wish.target)[0]:
        return _told(run, before, "The case is decided so already.")
    for _ in range(min(wish.changes_at_most, len(places))):
        beam = _widened(run, beam, candidates, wish.target)
        if not len(beam):
            break
    note = "" if run.reached else "No change of these features within the values observed reaches the target."
    return _told(run, before, note)


def _widened(run: _Search, beam: Ids, candidates: Sequence[tuple[int, Ids]], target: float) -> Ids:
    """Every row of the beam with one feature more changed: the reaching ones are kept, the nearest to it go on."""
    rows = [_changed(row, place, holder) for row in beam for place, holders in candidates
            if row[place] == run.case for holder in holders]  # fmt: skip
    if not rows:
        return np.empty((0, beam.shape[1]), dtype=np.int64)
    ids = np.unique(np.array(rows), axis=0)
    answers = run.pool.answers(ids)
    run.tried += len(ids)
    reaching = _reaches(run.pool, answers, target)
    for row in ids[reaching]:
        run.reached.append((_distance(run, row), tuple(row.tolist()), row))
    rest = ids[~reaching]
    short = _shortfall(run.pool, answers[~reaching], target)
    order = np.lexsort((*(rest[:, place] for place in range(rest.shape[1])), short))
    nearest: Ids = rest[order[:BEAM]]
    return nearest


def _changed(row: Ids, place: int, holder: int) -> Ids:
    made = row.copy()
    made[place] = holder
    return made


def _places(pool: Pool, mutable: Mapping[str, str]) -> list[int]:
    known = {part.name: place for place, part in enumerate(pool.parts) if part.type not in ("image", "text")}
    unknown = sorted(set(mutable) - set(known))
    if unknown:
        raise EvaluationRefused(
            f"The model has no features {', '.join(unknown)} that could change.",
            f"Name some of: {', '.join(sorted(known))}.",
        )
    return sorted(known[name] for name in mutable)


def _candidates(pool: Pool, case: int, observed: Ids, place: int, wish: Wish) -> Ids:
    part = pool.parts[place]
    holders = dependence.grid(pool, observed, part, wish.values)
    column = pool.column(part)
    own, direction = column[case], wish.mutable[part.name]
    keep = column[holders] != own
    if direction != "any" and column.dtype != object:
        keep &= column[holders] > own if direction == "increase" else column[holders] < own
    kept: Ids = holders[keep]
    return kept


def _scales(pool: Pool, observed: Ids) -> Values:
    """The observed spread of each numeric part (from its tenth to its ninetieth percentile), 0 for the others."""
    scales = []
    for part in pool.parts:
        column = pool.column(part)[observed]
        known = column[column == column] if column.dtype != object else column[:0]
        numeric = part.type not in ("categorical", "boolean", "text", "image") and known.size
        spread = float(np.subtract(*np.quantile(known.astype(np.float64), [0.9, 0.1]))) if numeric else 0.0
        scales.append(spread or (1.0 if numeric else 0.0))
    return np.array(scales)


def _distance(run: _Search, row: Ids) -> float:
    total = 0.0
    for place in np.flatnonzero(row != run.case):
        column = run.pool.column(run.pool.parts[place])
        scale = run.scales[place]
        known = scale > 0 and column[run.case] == column[run.case]
        total += 1.0 + (abs(float(column[row[place]]) - float(column[run.case])) / scale if known else 1.0)
    return total


def _reaches(pool: Pool, answers: Values, target: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if pool.subject.task == REGRESSION:
        return np.asarray(answers[:, 0] >= target)
    if pool.subject.task == BINARY:
        return np.asarray((answers[:, 0] >= pool.subject.threshold) == bool(target))
    return np.asarray(answers.argmax(axis=1) == int(target))


def _shortfall(pool: Pool, answers: Values, target: float) -> Values:
    if pool.subject.task == REGRESSION:
        return target - answers[:, 0]
    if pool.subject.task == BINARY:
        return -answers[:, 0] if target else answers[:, 0]
    return -answers[:, int(target)]


def _told(run: _Search, before: Values, note: str) -> dict[str, Any]:
    nearest = sorted(run.reached, key=lambda one: one[:2])[:SHOWN]
    found = [
        {
            "distance": round(distance, 6),
            "changes": [_change(run, int(place), row) for place in np.flatnonzero(row != run.case)],
            "answer": run.pool.answers(row[None])[0].tolist(),
        }
        for distance, _, row in nearest
    ]
    return {
        "found": bool(found),
        "note": note,
        "outputs": run.pool.outputs,
        "answer": before[0].tolist(),
        "nearest": found,
        "tried": run.tried,
    }


def _change(run: _Search, place: int, row: Ids) -> dict[str, Any]:
    part = run.pool.parts[place]
    column = run.pool.column(part)
    return {
        "feature": part.name,
        "from": dependence.plain(column[run.case]),
        "to": dependence.plain(column[row[place]]),
    }
