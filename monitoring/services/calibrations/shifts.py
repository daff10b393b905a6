"""What is moved into rows to see how soon a monitor notices: several kinds of shift, each in several sizes."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitoring.services.calibrations.pools import Pool
from registry.models import ModelVersion, Prediction
from registry.services import predictions

DEVIATIONS, SHARES, TURNED, DRAWN = (0.25, 0.5, 1.0), (0.05, 0.2), (0.05, 0.1, 0.2), (0.25, 0.5)
REPLACED = 1 / 3
Task = ModelVersion.Task
Move = Callable[[Any], Any]


@dataclass(frozen=True)
class Shift:
    """The whole pool moved, so that looks draw from it as they do from the other."""

    words: str
    size: str
    pool: Pool


def of_inputs(version: ModelVersion, pool: Pool, only: Collection[str] = ()) -> Iterator[Shift]:
    """A number moved, all of them moved, a column gone missing, and one category that became another.

    only: of these columns, where a monitor watches no others.
    """
    watched = [one for one in version.input_schema if not only or one["name"] in only]
    by_type = {kind: [one["name"] for one in watched if one["type"] == kind] for kind in TYPES}
    spread = {name: _deviation(pool, name) for name in by_type["numeric"]}
    moving = [name for name, deviation in spread.items() if deviation > 0]
    for size in DEVIATIONS if moving else ():
        name = moving[0]
        yield Shift(f"{name} moved", f"{size:g} sd", _moved(pool, {name: _by(size * spread[name])}))
    if len(moving) > 1:
        size = DEVIATIONS[0]
        moves = {name: _by(size * spread[name]) for name in moving}
        yield Shift("every number moved", f"{size:g} sd", _moved(pool, moves))
    for name in [*moving, *by_type["categorical"]][:1]:
        for share in SHARES:
            yield Shift(f"{name} missing", f"{share:.0%} of rows", _moved(pool, {name: lambda _: None}, share=share))
    for name in by_type["categorical"][:1]:
        common, *others = [level for level, _ in Counter(_values(pool, name)).most_common(2)]
        if others:
            exchange = {name: _instead(common, others[0])}
            yield Shift(
                f"{name} {common} as {others[0]}", f"{REPLACED:.0%} of its rows", _moved(pool, exchange, REPLACED)
            )


TYPES = ("numeric", "categorical")


def of_scores(version: ModelVersion, pool: Pool) -> Iterator[Shift]:
    """The answers moved: probabilities on the logit scale, numbers in their standard deviations."""
    if version.task == Task.REGRESSION:
        deviation = float(np.std([row.score for row in pool.rows]))
        for size in DEVIATIONS:
            yield Shift("answers moved", f"{size:g} sd", _rescored(version, pool, _by(size * deviation)))
        return
    for size in DEVIATIONS:
        yield Shift("scores moved", f"{size:g} on the logit scale", _rescored(version, pool, _odds(size)))


def of_certainty(version: ModelVersion, pool: Pool) -> Iterator[Shift]:
    """Scores that say less: drawn towards one half, as of rows that are harder to tell apart."""
    for share in DRAWN:
        yield Shift("scores drawn towards one half", f"by {share:.0%}", _rescored(version, pool, _towards_half(share)))


def of_truths(version: ModelVersion, pool: Pool) -> Iterator[Shift]:
    """Answers that are wrong more often, or by more."""
    if version.task == Task.REGRESSION:
        deviation = float(np.std(list(pool.truths.values())))
        for size in DEVIATIONS:
            truths = {pk: truth + size * deviation for pk, truth in pool.truths.items()}
            yield Shift("truths moved", f"{size:g} sd", replace(pool, truths=truths))
        return
    classes, random = len(predictions.classes_of(version)), np.random.default_rng(0)
    for share in TURNED:
        turned = random.random(len(pool.truths)) < share
        truths = {
            pk: (truth + 1) % classes if other else truth
            for (pk, truth), other in zip(pool.truths.items(), turned.tolist(), strict=True)
        }
        yield Shift("truths of another class", f"{share:.0%} of rows", replace(pool, truths=truths))


def _moved(pool: Pool, moves: dict[str, Move], share: float = 1.0) -> Pool:
    """The features of so many rows otherwise; what is missing stays missing."""
    chosen = np.random.default_rng(0).random(len(pool.rows)) < share

    def of(row: Prediction) -> Prediction:
        other = copy(row)
        known = row.features
        other.features = known | {name: move(known[name]) for name, move in moves.items() if known[name] is not None}
        return other

    rows = [of(row) if other else row for row, other in zip(pool.rows, chosen.tolist(), strict=True)]
    return replace(pool, rows=rows)


def _rescored(version: ModelVersion, pool: Pool, move: Move) -> Pool:
    """Other scores; of two classes the decision follows."""
    rows = []
    for row in pool.rows:
        other = copy(row)
        other.score = move(row.score)
        if version.task == Task.BINARY:
            other.decision = int(other.score >= (version.threshold or 0.5))
        rows.append(other)
    return replace(pool, rows=rows)


def _by(distance: float) -> Move:
    return lambda value: value + distance


def _instead(common: Any, other: Any) -> Move:
    return lambda value: other if value == common else value


def _towards_half(share: float) -> Move:
    return lambda score: 0.5 + (score - 0.5) * (1 - share)


def _odds(size: float) -> Move:
    def move(score: float) -> float:
        inside = min(max(score, 1e-6), 1 - 1e-6)
        return float(1 / (1 + np.exp(-np.log(inside / (1 - inside)) - size)))

    return move


def _values(pool: Pool, name: str) -> list[Any]:
    return [value for row in pool.rows if (value := row.features[name]) is not None]


def _deviation(pool: Pool, name: str) -> float:
    values = np.array(_values(pool, name), np.float64)
    known = values[np.isfinite(values)]
    return float(known.std()) if known.size else 0.0
