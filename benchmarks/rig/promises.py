"""Intervals that promise 95 %, each made many times where the truth is known."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from monitoring.measures import (
    confidence,
    direct_loss,
    fairness,
    intervals,
    multiclass,
    parity,
    performance,
    quantiles,
    regression,
)
from monitoring.measures.estimate import Estimate

Random = np.random.Generator
Floats = NDArray[np.float64]
Named = dict[str, float]
Held = dict[str, bool]

DRAWS = 400
LARGE = 400_000  # rows from which the true value of a figure is taken


def holds(one: Estimate, truth: float) -> bool:
    # An interval that could not be made holds nothing it promised.
    return one.low is not None and one.high is not None and one.low <= truth + 1e-12 and truth - 1e-12 <= one.high


def holding(prefix: str, found: Iterable[Estimate], truth: Named) -> Held:
    return {f"{prefix}: {one.metric}": holds(one, truth[one.metric]) for one in found
            if not one.group and one.metric in truth and one.value is not None}  # fmt: skip


def rates(random: Random) -> Iterator[Held]:
    for chance, n in ((0.5, 200), (0.1, 200), (0.02, 200)):
        low, high = intervals.wilson(int(random.binomial(n, chance)), n, 0.95)
        yield {f"Wilson: a rate of {chance:g}": low <= chance <= high}


def scored(random: Random, n: int) -> tuple[Floats, Floats]:
    """Labels, one in five positive, and calibrated scores of them."""
    score = random.beta(1.0, 4.0, n)
    return (random.random(n) < score).astype(float), score


def binary(random: Random) -> Iterator[Held]:
    found = performance.binary_classification(*scored(random, 500), threshold=0.3, draws=DRAWS)
    yield holding("binary", found, true_values()["binary"])


def tail(random: Random) -> Iterator[Held]:
    for part, z in ((0.5, 0.0), (0.95, 1.6448536269514722)):
        one = quantiles.quantile(random.lognormal(size=500), part, name="latency")
        yield {f"quantile {part:g}": holds(one, math.exp(z))}


def numbers(random: Random, n: int) -> tuple[Floats, Floats]:
    truth = random.normal(10.0, 2.0, n)
    return truth, truth + random.normal(0.1, 0.5 + 0.5 * (truth > 11.0), n)


def numeric(random: Random) -> Iterator[Held]:
    yield holding("regression", regression.regression(*numbers(random, 200), draws=DRAWS), true_values()["regression"])


def classes(random: Random, n: int) -> tuple[NDArray[np.int64], Floats]:
    probable = random.dirichlet((2.0, 1.0, 0.5), n)
    return (random.random((n, 1)) > np.cumsum(probable, axis=1)).sum(axis=1).clip(0, 2), probable


def several(random: Random) -> Iterator[Held]:
    found = multiclass.classification(*classes(random, 300), classes="abc", draws=DRAWS)
    truth = true_values()["multiclass"]
    each = {f"multiclass, all classes together: {metric}":
            all(holds(one, truth[f"{metric} {one.group}"]) for one in found if one.group and one.metric == metric)
            for metric in ("precision", "recall", "roc_auc")}  # fmt: skip
    yield holding("multiclass", found, truth) | each


RATES = {"a": (0.4, 0.6, 0.2), "b": (0.4, 0.6, 0.2), "c": (0.34, 0.55, 0.2), "d": (0.3, 0.6, 0.25)}


def people(random: Random, n: int) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.int64]]:
    """Decisions, groups and labels; a group's numbers are its share of positives, and its two rates of selection."""
    group = random.choice(list(RATES), n, p=(0.5, 0.25, 0.15, 0.10))
    of = np.array([RATES[one] for one in group])
    label = random.random(n) < of[:, 0]
    decision = random.random(n) < np.where(label, of[:, 1], of[:, 2])
    return decision.astype(np.int64), group, label.astype(np.int64)


def equity(random: Random) -> Iterator[Held]:
    decision, group, label = people(random, 2_000)
    found = fairness.selection(decision, {"group": group}, label, draws=1_000)
    truth = truths_of_groups()
    families = {}
    for metric in ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "impact_ratio"):
        members = [one for one in found if one.metric == metric]
        families[f"fairness, four groups together: {metric}"] = all(holds(o, truth[metric, o.group]) for o in members)
        if metric == "impact_ratio":
            one = next(one for one in members if one.group == "d")
            low, high = float(one.detail["alone_low"]), float(one.detail["alone_high"])
            families["fairness, one group alone: impact_ratio"] = low <= truth[metric, "d"] <= high
    summaries = {f"fairness: {one.metric}": holds(one, truth[one.metric, ""]) for one in found if not one.group}
    yield families | summaries


def truths_of_groups() -> dict[tuple[str, str], float]:
    truth: dict[tuple[str, str], float] = {}
    for group, (positive, hit, false) in RATES.items():
        selected = positive * hit + (1 - positive) * false
        truth |= {("selection_rate", group): selected, ("true_positive_rate", group): hit,
                  ("false_positive_rate", group): false, ("precision", group): positive * hit / selected}  # fmt: skip
    best = max(truth["selection_rate", group] for group in RATES)
    truth |= {("impact_ratio", group): truth["selection_rate", group] / best for group in RATES}
    for criterion, metrics in parity.CRITERIA.items():
        each = [[truth[metric, group] for group in RATES] for metric in metrics]
        truth[f"{criterion}_difference", ""] = max(max(one) - min(one) for one in each)
        truth[f"{criterion}_ratio", ""] = min(min(one) / max(one) for one in each)
    return truth


def unlabelled(random: Random) -> Iterator[Held]:
    """Two windows, the second of rows whose scores have moved up, after each calibration."""
    label, score = scored(random, 2_000)
    learned = confidence.calibrate(score, label, calibrations=50)
    for name, (a, b) in {"as the reference": (1.0, 4.0), "moved": (2.0, 4.0)}.items():
        later = random.beta(a, b, 1_000)
        labels = (random.random(1_000) < later).astype(float)
        own = {one.metric: one.value for one in performance.binary_classification(labels, later, draws=2)}
        found = confidence.estimate(learned, later, draws=DRAWS)
        yield holding(f"without labels, {name}", found, {key: one for key, one in own.items() if one is not None})


def unanswered(random: Random) -> Iterator[Held]:
    """Windows of 500 rows, as the reference and moved, after each learning of the loss."""

    def made(n: int, centre: float) -> tuple[Floats, Floats, Floats]:
        inputs = random.normal(centre, 1.0, (n, 2))
        truth = inputs.sum(axis=1) + random.normal(size=n) * (0.5 + 0.3 * np.abs(inputs[:, 0]))
        return inputs, inputs.sum(axis=1), truth

    learned = direct_loss.learn(*made(3_000, 0.0))
    for name, centre in {"as the reference": 0.0, "moved": 0.5}.items():
        for _ in range(5):
            inputs, answers, truth = made(500, centre)
            error = np.abs(answers - truth)
            own = {"mae": float(error.mean()), "mse": float((error**2).mean())}
            found = direct_loss.estimate(learned, inputs, answers, draws=200)
            yield holding(f"without truths, {name}", found, own)


@functools.cache
def true_values() -> dict[str, Named]:
    """The figures themselves, of so many rows that they hardly vary; of the scores, where known, by formula."""
    random = np.random.default_rng(3)
    found = {
        "binary": performance.binary_classification(*scored(random, LARGE), threshold=0.3, draws=1),
        "regression": regression.regression(*numbers(random, LARGE), draws=1),
        "multiclass": multiclass.classification(*classes(random, LARGE), classes="abc", draws=1),
    }
    truth = {kind: {f"{one.metric} {one.group}".strip(): float(one.value or 0.0) for one in each}
             for kind, each in found.items()}  # fmt: skip
    truth["binary"]["calibration_error"] = 0.0
    truth["multiclass"]["calibration_error_equal_mass"] = 0.0
    return truth


#: Rows, simulations, and what one simulation's intervals held.
KEPT: list[tuple[str, int, Callable[[Random], Iterator[Held]]]] = [
    ("200", 4_000, rates),
    ("500", 2_000, tail),
    ("500", 600, binary),
    ("200", 1_000, numeric),
    ("300", 400, several),
    ("2,000", 400, equity),
    ("2,000 then 1,000", 120, unlabelled),
    ("3,000 then 500", 16, unanswered),
]
