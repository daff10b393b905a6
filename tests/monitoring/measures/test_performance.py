"""Performance against scikit-learn, intervals against what they promise."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn import metrics

from monitoring.measures import delong, performance
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame
from tests.monitoring.measures.estimates import bounds, holds, width

Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]
SAMPLED = ("f1", "average_precision", "brier", "log_loss", "calibration_error")
METRICS = ["roc_auc", "accuracy", "precision", "recall", *SAMPLED]
NOTHING = {"roc_auc": "needs both classes", "precision": "nothing predicted positive", "recall": "no positives"}


def scored(seed: int, rows: int = 500) -> Arrays:
    """Labels drawn from scores rounded to hundredths: well calibrated, with ties, and with scores of 0 and 1."""
    generator = np.random.default_rng(seed)
    score = generator.random(rows).round(2)
    return (generator.random(rows) < score).astype(float), score


def by_name(estimates: list[Estimate]) -> dict[str, Estimate]:
    return {estimate.metric: estimate for estimate in estimates}


def slow_calibration_error(label: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    tenths = [(score >= i / 10) & ((score < (i + 1) / 10) | (i == 9)) for i in range(10)]
    return float(sum(abs((label - score)[tenth].mean()) * tenth.mean() for tenth in tenths if tenth.any()))


def test_binary_classification_equals_scikit_learn() -> None:
    label, score = scored(0)
    decided = score >= 0.3
    found = performance.binary_classification(label, score, threshold=0.3, draws=20)
    expected = {
        "roc_auc": metrics.roc_auc_score(label, score),
        "accuracy": metrics.accuracy_score(label, decided),
        "precision": metrics.precision_score(label, decided),
        "recall": metrics.recall_score(label, decided),
        "f1": metrics.f1_score(label, decided),
        "brier": metrics.brier_score_loss(label, score),
        "log_loss": metrics.log_loss(label, score),
        "average_precision": metrics.average_precision_score(label, score),
        "calibration_error": slow_calibration_error(label, score),
    }
    assert {estimate.metric: estimate.value for estimate in found} == pytest.approx(expected, abs=1e-12)


def test_binary_classification_names_its_metrics_in_order() -> None:
    found = performance.binary_classification(*scored(0), draws=20)
    assert [estimate.metric for estimate in found] == METRICS
    assert {estimate.confidence for estimate in found} == {0.95}


def test_every_interval_holds_its_value_and_narrows_with_less_confidence() -> None:
    wide = by_name(performance.binary_classification(*scored(0), draws=300))
    narrow = by_name(performance.binary_classification(*scored(0), draws=300, confidence=0.5))
    for metric, one in wide.items():
        other = narrow[metric]
        (low, high), (inner_low, inner_high) = bounds(one), bounds(other)
        assert one.value is not None
        assert low <= inner_low <= one.value <= inner_high <= high


def test_binary_classification_with_one_seed_is_the_same_twice_and_with_another_is_not() -> None:
    first, again, other = (performance.binary_classification(*scored(0), draws=50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_rows_without_label_or_score_are_dropped_and_counted() -> None:
    label, score = scored(0)
    gaps = performance.binary_classification([*label, None, 1.0], [*score, 0.5, np.nan], draws=20)
    whole = performance.binary_classification(label, score, draws=20)
    assert [(one.value, one.low, one.high) for one in gaps] == [(one.value, one.low, one.high) for one in whole]
    assert {one.detail["dropped"] for one in gaps} == {2}


@pytest.mark.parametrize(
    ("label", "score", "reasons"),
    [
        ([], [], NOTHING | dict.fromkeys(("accuracy", *SAMPLED), "no rows")),
        ([0, 0], [0.1, 0.2], NOTHING | dict.fromkeys(("f1", "average_precision"), "no positives")),
        ([0, 1], [-3.0, 8.0], dict.fromkeys(SAMPLED[2:], "scores are not probabilities")),
        ([1], [0.5], {"roc_auc": "needs both classes"}),
    ],
)
def test_undefined_metrics_say_why(label: list[int], score: list[float], reasons: dict[str, str]) -> None:
    found = performance.binary_classification(label, score, draws=20)
    assert {one.metric: one.detail["reason"] for one in found if one.value is None} == reasons


@pytest.mark.parametrize(("label", "score"), [([0, 2], [0.1, 0.2]), ([0, 1], [0.1]), ([[0, 1]], [[0.1, 0.2]])])
def test_labels_and_scores_that_do_not_fit_are_refused(label: list[int], score: list[float]) -> None:
    with pytest.raises(ValueError, match="labels"):
        performance.binary_classification(label, score)


def test_roc_auc_of_complete_separation_has_an_interval_below_one() -> None:
    found = performance.binary_classification([0, 0, 0, 0, 1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
    assert (found[0].value, found[0].high, found[0].method) == (1.0, 1.0, "Newcombe method 5")
    assert 0.3 < bounds(found[0])[0] < 0.9


@pytest.mark.parametrize(("shift", "sizes"), [(1.0, (20, 60)), (1.8, (200, 300)), (3.0, (10, 20))])
def test_roc_auc_intervals_hold_the_true_area_as_often_as_promised(shift: float, sizes: tuple[int, int]) -> None:
    generator, true, held = np.random.default_rng(0), norm.cdf(shift / np.sqrt(2)), 0
    label = np.repeat([1.0, 0.0], sizes)
    for _ in range(400):
        score = generator.normal(size=label.size) + shift * label
        one = performance._roc_auc(label, score, Frame(0.95, label.size, {}, 0, 0))
        held += holds(one, true)
    assert 0.92 <= held / 400 <= 0.99


def test_calibration_error_of_a_calibrated_model_may_be_zero() -> None:
    found = [by_name(performance.binary_classification(*scored(seed), draws=200)) for seed in range(20)]
    assert [one["calibration_error"].low for one in found].count(0.0) >= 18


def test_calibration_error_of_an_overconfident_model_is_not_zero() -> None:
    label, score = scored(0, 3_000)
    found = by_name(performance.binary_classification(label, np.where(score < 0.5, 0.05, 0.95), draws=200))
    assert bounds(found["calibration_error"])[0] > 0.1


def test_compare_is_the_difference_of_the_two_models() -> None:
    label, champion = scored(0)
    candidate = np.clip(champion + np.random.default_rng(1).normal(0, 0.2, label.size), 0, 1)
    found = by_name(performance.compare(label, candidate, champion, draws=50))
    alone = [by_name(performance.binary_classification(label, score, draws=20)) for score in (candidate, champion)]
    for metric in ("roc_auc", "accuracy", "brier"):
        detail = found[metric].detail
        each = detail["candidate"], detail["champion"]
        assert each == pytest.approx([one[metric].value for one in alone], abs=1e-12)
        assert found[metric].value == pytest.approx(np.subtract(*each), abs=1e-12)


def test_compare_of_a_model_with_itself_is_exactly_zero() -> None:
    label, score = scored(0)
    found = performance.compare(label, score, score, draws=50)
    assert [(one.metric, one.value, one.low, one.high) for one in found] == [
        ("roc_auc", 0.0, 0.0, 0.0),
        ("accuracy", 0.0, 0.0, 0.0),
        ("brier", 0.0, 0.0, 0.0),
    ]


def test_compare_is_narrower_than_two_separate_intervals() -> None:
    label, champion = scored(0)
    candidate = np.clip(champion + np.random.default_rng(1).normal(0, 0.05, label.size), 0, 1)
    paired = by_name(performance.compare(label, candidate, champion, draws=300))
    alone = by_name(performance.binary_classification(label, champion, draws=300))
    for metric in ("roc_auc", "brier"):
        assert width(paired[metric]) < width(alone[metric])


def test_compare_of_equal_models_excludes_zero_as_rarely_as_promised() -> None:
    generator, missed = np.random.default_rng(0), 0
    for _ in range(300):
        label = np.repeat([1.0, 0.0], (60, 90))
        signal = generator.normal(size=150) + label
        scores = [signal + generator.normal(size=150) for _ in range(2)]
        one = performance._roc_auc_difference(label, scores[0], scores[1], Frame(0.95, 150, {}, 0, 0))
        missed += not holds(one, 0.0)
    assert 0.02 <= missed / 300 <= 0.085


def test_compare_without_rows_or_probabilities_says_why() -> None:
    assert [one.detail["reason"] for one in performance.compare([], [], [])] == ["needs both classes", *["no rows"] * 2]
    *_, brier = performance.compare([0, 1], [0.1, 0.9], [-2.0, 2.0], draws=20)
    assert (brier.value, brier.detail["reason"]) == (None, "scores are not probabilities")


def test_placements_and_variance_with_ties_equal_the_double_loop() -> None:
    label, score = scored(3, 60)
    above, below = delong.placements(label == 1, score)
    pairs = (score[label == 1][:, None] > score[label == 0]) + 0.5 * (score[label == 1][:, None] == score[label == 0])
    assert above.tolist() == pytest.approx(pairs.mean(axis=1).tolist())
    assert below.tolist() == pytest.approx(pairs.mean(axis=0).tolist())
    # DeLong, DeLong and Clarke-Pearson (1988), S10 / m + S01 / n.
    expected = np.var(pairs.mean(axis=1), ddof=1) / len(above) + np.var(pairs.mean(axis=0), ddof=1) / len(below)
    assert delong.variance(above, below) == pytest.approx(expected, rel=1e-12)
    assert len(above) != len(below)
