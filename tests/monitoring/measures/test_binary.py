"""The further figures of binary decisions against scikit-learn, and the calibration error against a slow version."""

import numpy as np
import pytest
from sklearn import metrics

from monitoring.measures import binary, calibration, intervals
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures.estimates import bounds, holds
from tests.monitoring.measures.test_performance import scored


def by_name(estimates: list[Estimate]) -> dict[str, Estimate]:
    return {one.metric: one for one in estimates}


def slow_error(label: np.ndarray, score: np.ndarray) -> float:
    ordered = np.sort(score)
    edges = sorted({ordered[max(0, int(np.ceil(len(score) * tenth / 10)) - 1)] for tenth in range(1, 10)})
    places = [sum(edge < one for edge in edges) for one in score]
    bins = [np.array(places) == place for place in range(len(edges) + 1)]
    return float(sum(abs((label - score)[one].mean()) * one.mean() for one in bins if one.any()))


def test_further_equals_scikit_learn() -> None:
    label, score = scored(0)
    decided = score >= 0.3
    found = binary.further(label, score, threshold=0.3, draws=20)
    expected = {
        "mcc": metrics.matthews_corrcoef(label, decided),
        "specificity": metrics.recall_score(label, decided, pos_label=0),
        "balanced_accuracy": metrics.balanced_accuracy_score(label, decided),
        "calibration_error_equal_mass": slow_error(label, score),
    }
    assert {one.metric: one.value for one in found} == pytest.approx(expected, abs=1e-12)


def test_further_counts_the_four_cells() -> None:
    found = by_name(binary.further([0, 0, 0, 1, 1], [0.1, 0.2, 0.9, 0.8, 0.3], draws=20))
    cells = {name: found["mcc"].detail[name] for name in ("true_negatives", "false_positives", "false_negatives")}
    assert cells == {"true_negatives": 2, "false_positives": 1, "false_negatives": 1}


def test_further_holds_the_truth_as_often_as_it_says() -> None:
    truth = {one.metric: one.value or 0.0 for one in binary.further(*scored(999, 400_000), draws=2)}
    truth["calibration_error_equal_mass"] = 0.0
    held = dict.fromkeys(truth, 0)
    for seed in range(150):
        for one in binary.further(*scored(seed), confidence=0.9, draws=200):
            held[one.metric] += holds(one, truth[one.metric])
    assert {name: count for name, count in held.items() if count / 150 < 0.83} == {}


def test_one_class_has_no_correlation_and_says_why() -> None:
    found = by_name(binary.further([1, 1, 1], [0.9, 0.8, 0.7], draws=20))
    assert (found["mcc"].value, found["mcc"].detail["reason"]) == (None, "one class only is true, or decided")
    assert found["specificity"].detail["reason"] == "no negatives"
    assert found["balanced_accuracy"].detail["reason"] == "needs both classes"


def test_scores_that_are_no_probabilities_have_no_calibration() -> None:
    found = by_name(binary.further([0, 1], [-3.0, 4.0], draws=20))
    assert found["calibration_error_equal_mass"].detail["reason"] == "scores are not probabilities"


def test_no_rows_have_no_figures() -> None:
    assert [one.value for one in binary.further([], [])] == [None, None, None, None]


def test_bins_never_part_equal_scores() -> None:
    score = np.array([0.1] * 50 + [0.2] * 3 + [0.9] * 47)
    assert [len(set(calibration.bins(score)[score == one])) for one in (0.1, 0.2, 0.9)] == [1, 1, 1]


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (1, 500)])
def test_exact_interval_has_the_tails_it_promises(k: int, n: int) -> None:
    from scipy.stats import binomtest  # the slow, obvious version

    exact = binomtest(k, n).proportion_ci(0.9, method="exact")
    assert intervals.clopper_pearson(k, n, 0.9) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_every_interval_holds_its_value() -> None:
    for one in binary.further(*scored(7), draws=200):
        low, high = bounds(one)
        assert low <= (one.value or 0.0) <= high
