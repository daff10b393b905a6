"""Fairness by groups of two attributes: ours, fairlearn's and scikit-learn's ways, and counting alone.

The arrays are codes of one byte; where a way is asked from strings, they become a data frame's columns before the clock
starts.
"""

from collections.abc import Callable, Mapping

import fairlearn.metrics as fairlearn
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, precision_score, roc_auc_score

from monitoring.measures import fairness, group_cells, group_scores
from monitoring.measures.group_cells import Cells, Coded
from monitoring.measures.rates import RATES

Codes = NDArray[np.uint8]
Work = Callable[[], object]
SEX = ("female", "male")
RACE = ("white", "black or African American", "Asian", "two or more", "other")
METRICS = {
    "selection_rate": fairlearn.selection_rate,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "true_negative_rate": fairlearn.true_negative_rate,
    "false_negative_rate": fairlearn.false_negative_rate,
    "precision": precision_score,
    "accuracy": accuracy_score,
    "count": fairlearn.count,
}


def ours_codes(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    groups = coded(sex, race)
    return lambda: values(group_cells.count(decision, groups, label))


def ours_strings(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    frame = strings(sex, race)
    return lambda: values(group_cells.count(decision, {name: frame[name] for name in frame}, label))


def ours_intervals(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    """Every metric, difference and ratio of both attributes and their intersection, with intervals of 2,000 draws."""
    groups = coded(sex, race)
    return lambda: len(fairness.selection(decision, groups, label))


def ours_scores(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    """Area under the curve and calibration of both attributes and their intersection, with intervals."""
    groups = coded(sex, race)
    return lambda: {one.group: one.value for one in group_scores.measure(label, score, groups)
                    if (one.metric, one.attribute) == ("roc_auc", "sex+race")}  # fmt: skip


def sklearn_scores(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    """The areas of the intersections alone, without intervals."""

    def work() -> dict[str, float]:
        combined = sex * len(RACE) + race
        rows = [np.flatnonzero(combined == one) for one in range(len(SEX) * len(RACE))]
        return {name: roc_auc_score(label[one], score[one]) for name, one in zip(names(), rows, strict=True)}

    return work


def fairlearn_codes(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    return framed(decision, label, pd.DataFrame({"sex": sex, "race": race}))


def fairlearn_strings(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    return framed(decision, label, strings(sex, race))


def numpy_bincount(decision: Codes, label: Codes, sex: Codes, race: Codes, score: NDArray[np.float64]) -> Work:
    """The codes combined and counted; nothing is looked at and nothing computed from the counts."""
    return lambda: np.bincount(((sex * len(RACE) + race) * 2 + decision) * 2 + label, minlength=40).size


def coded(sex: Codes, race: Codes) -> dict[str, Coded]:
    # In the order of their levels, as `group_cells.coded` gives them.
    return {name: moved(levels, codes) for name, levels, codes in (("sex", SEX, sex), ("race", RACE, race))}


def moved(levels: tuple[str, ...], codes: Codes) -> Coded:
    ordered = tuple(sorted(levels))
    return Coded(ordered, np.array([ordered.index(one) for one in levels], np.uint8)[codes])


def strings(sex: Codes, race: Codes) -> pd.DataFrame:
    return pd.DataFrame({"sex": np.array(SEX, object)[sex], "race": np.array(RACE, object)[race]})


def names() -> list[str]:
    return [f"{one}+{other}" for one in SEX for other in RACE]


def values(cells: Cells) -> dict[str, Mapping[str, float]]:
    """The eight metrics of each intersection."""
    groups = [
        "+".join(level[code] for level, code in zip(cells.levels, one, strict=True)) for one in cells.combinations
    ]
    found = {name: np.divide(*rate.counted(cells.counts)).tolist() for name, rate in RATES.items()}
    found["count"] = cells.counts.sum(axis=(1, 2)).astype(float).tolist()
    return {name: dict(zip(groups, one, strict=True)) for name, one in found.items()}


def framed(decision: Codes, label: Codes, features: pd.DataFrame) -> Work:
    def work() -> dict[str, Mapping[str, float]]:
        frame = fairlearn.MetricFrame(metrics=METRICS, y_true=label, y_pred=decision, sensitive_features=features)
        table = frame.by_group.astype(float)
        if features["sex"].dtype.kind == "u":
            table.index = names()
        else:
            table.index = ["+".join(one) for one in table.index]
        return table.to_dict()

    return work
