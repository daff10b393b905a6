"""Where two classes are divided: as declared, or by a declared rule on answers to rows that their model did not see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Cuts:
    """Every place to divide the answers, and what is right and wrong above and below it."""

    thresholds: Array
    hits: Array
    false_alarms: Array
    positives: int
    negatives: int

    @property
    def recall(self) -> Array:
        return np.asarray(self.hits / self.positives)

    @property
    def precision(self) -> Array:
        return np.asarray(self.hits / np.maximum(self.hits + self.false_alarms, 1))


def choose(rule: Mapping[str, Any], labels: Array, answer: Array) -> tuple[float, float]:
    """The threshold by the rule, and what the rule is worth there; of equals the one nearest to 1/2.

    A target that no threshold meets is answered by the one that comes nearest to it.
    """
    cuts = _cuts(labels, answer)
    worth, value = _worth(rule, cuts)
    best = np.flatnonzero(worth == worth.max())
    chosen = best[np.argmin(np.abs(cuts.thresholds[best] - 0.5))]
    return float(cuts.thresholds[chosen]), float(value[chosen])


def _cuts(labels: Array, answer: Array) -> Cuts:
    order = np.argsort(-answer, kind="stable")
    ranked, positive = answer[order], labels[order] == 1
    # Between two different answers, so that no row lies on the threshold.
    last = np.flatnonzero(np.diff(ranked) < 0)
    middle = (ranked[last] + ranked[last + 1]) / 2 if last.size else np.array([0.5])
    ends = last if last.size else np.array([len(ranked) - 1])
    inside = (middle > 0) & (middle < 1)
    hits, alarms = np.cumsum(positive)[ends], np.cumsum(~positive)[ends]
    return Cuts(middle[inside], hits[inside], alarms[inside], int(positive.sum()), int((~positive).sum()))


def _worth(rule: Mapping[str, Any], cuts: Cuts) -> tuple[Array, Array]:
    """What is to be largest, and the figure it is told by."""
    name = rule["rule"]
    if name == "max_f1":
        f1 = 2 * cuts.hits / (cuts.hits + cuts.false_alarms + cuts.positives)
        return f1, f1
    if name == "max_balanced_accuracy":
        balanced = (cuts.recall + 1 - cuts.false_alarms / cuts.negatives) / 2
        return balanced, balanced
    if name == "cost":
        cost = rule["false_positive"] * cuts.false_alarms + rule["false_negative"] * (cuts.positives - cuts.hits)
        return -cost, cost / (cuts.positives + cuts.negatives)
    if name == "target_recall":
        return _reached(cuts.recall, rule["target"], cuts.precision), cuts.recall
    return _reached(cuts.precision, rule["target"], cuts.recall), cuts.precision


def _reached(figure: Array, target: float, other: Array) -> Array:
    """Those that meet the target by their other figure, and all before those that do not, by how near they come."""
    return np.where(figure >= target, 1 + other, figure - target)
