"""Curves: every stored point lies on the whole curve, and the area under it is the metric's."""

import numpy as np
import pytest
from sklearn import metrics

from monitoring.measures import curves
from tests.monitoring.measures.test_performance import scored


def test_roc_drops_only_points_on_straight_lines() -> None:
    label, score = scored(0)
    found = curves.roc(label, score)
    assert found is not None
    false_rate, true_rate, _ = metrics.roc_curve(label, score, drop_intermediate=False)
    columns = found.columns
    drawn = np.interp(false_rate, columns["false_positive_rate"], columns["true_positive_rate"])
    steep = np.isin(false_rate, columns["false_positive_rate"])
    assert np.where(steep, true_rate, drawn) == pytest.approx(true_rate, abs=1e-12)
    area = np.trapezoid(columns["true_positive_rate"], columns["false_positive_rate"])
    assert area == pytest.approx(metrics.roc_auc_score(label, score), abs=1e-12)


def test_thinned_points_all_lie_on_the_whole_curve() -> None:
    generator = np.random.default_rng(1)
    score = generator.random(20_000)
    label = (generator.random(20_000) < score).astype(float)
    found = curves.roc(label, score)
    assert found is not None
    whole = set(zip(*(one.tolist() for one in metrics.roc_curve(label, score, drop_intermediate=False)[:2]),
                    strict=True))  # fmt: skip
    kept = list(zip(found.columns["false_positive_rate"], found.columns["true_positive_rate"], strict=True))
    assert 100 < len(kept) <= curves.POINTS
    assert set(kept) <= whole
    assert (kept[0], kept[-1]) == ((0.0, 0.0), (1.0, 1.0))


def test_precision_recall_points_are_scikit_learns() -> None:
    label, score = scored(2)
    found = curves.precision_recall(label, score)
    assert found is not None
    precision, recall, threshold = metrics.precision_recall_curve(label, score)
    expected = {t: (p, r) for t, p, r in zip(threshold, precision, recall, strict=False)}
    kept = zip(found.columns["threshold"], found.columns["precision"], found.columns["recall"], strict=True)
    for t, p, r in kept:
        assert (p, r) == pytest.approx(expected[t], abs=1e-12)


def test_gain_ends_with_everything_found() -> None:
    found = curves.gain(*scored(3))
    assert found is not None
    assert (found.columns["share_of_rows"][-1], found.columns["share_of_positives"][-1]) == (1.0, 1.0)


def test_one_class_has_no_curves() -> None:
    assert [curve([1, 1], [0.2, 0.4]) for curve in (curves.roc, curves.precision_recall, curves.gain)] == [None] * 3


def test_calibration_bins_hold_all_rows_and_their_intervals_the_shares() -> None:
    found = curves.calibration(*scored(4))
    assert found is not None
    columns = found.columns
    assert sum(columns["rows"]) == 500
    assert all(low <= share <= high for low, share, high in zip(columns["low"], columns["share_positive"],
                                                                columns["high"], strict=True))  # fmt: skip


def test_confusion_counts_and_shares() -> None:
    found = curves.confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], classes=["no", "yes"])
    assert (found["classes"], found["counts"], found["n"]) == (["no", "yes"], [[1, 1], [1, 2]], 5)
    assert found["shares"] == [[0.5, 0.5], [1 / 3, 2 / 3]]


def test_residuals_of_a_perfect_guess_lie_on_the_diagonal() -> None:
    truth = np.random.default_rng(5).normal(size=400)
    found = curves.residuals(truth, truth)
    assert found is not None
    assert found.columns["mean_predicted"] == found.columns["mean_true"]
    assert sum(found.columns["rows"]) == 400
