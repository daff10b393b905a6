"""Performance without labels: the band holds what the labels say when they come, shifted inputs or not."""

import numpy as np
import pytest

from monitoring.measures import confidence, performance
from monitoring.measures.confidence import Calibrated

DRAWS = 100


def world(rows: int, shift: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are not calibrated, and labels that depend on what they were made of."""
    x = generator.normal(shift, 1, rows)
    label = (generator.random(rows) < 1 / (1 + np.exp(-(1.5 * x - 0.3)))).astype(float)
    return 1 / (1 + np.exp(-(x + 0.2))), label


@pytest.fixture(scope="module")
def calibrated() -> Calibrated:
    return confidence.calibrate(*world(3_000, 0.0, np.random.default_rng(0)), calibrations=30)


@pytest.mark.parametrize("shift", [0.0, 0.7, -0.7])
def test_estimate_holds_the_figures_of_the_labels_as_often_as_it_says(calibrated: Calibrated, shift: float) -> None:
    generator, held = np.random.default_rng(7), []
    for seed in range(25):
        score, label = world(600, shift, generator)
        real = {one.metric: one.value for one in performance.binary_classification(label, score, draws=2)}
        found = confidence.estimate(calibrated, score, draws=DRAWS, seed=seed)
        held += [(one.low or 0) <= (real[one.metric] or 0) <= (one.high or 0) for one in found]
    assert np.mean(held) > 0.85  # 0.93 to 0.95 over 150 worlds, at 0.95


def test_estimate_of_a_model_that_guesses_says_so(calibrated: Calibrated) -> None:
    guessing = confidence.calibrate(*_guessed(2_000), calibrations=10)
    auc = {one.metric: one for one in confidence.estimate(guessing, _guessed(500)[0], draws=DRAWS)}["roc_auc"]
    assert (auc.low or 1) < 0.5 < (auc.high or 0)


def test_estimate_twice_is_the_same_and_counts_what_it_dropped(calibrated: Calibrated) -> None:
    score = [0.2, 0.7, float("nan"), 0.9]
    first, again = (confidence.estimate(calibrated, score, draws=20, seed=3) for _ in range(2))
    assert first == again
    assert [(one.n, one.detail["dropped"]) for one in first] == [(3, 1)] * len(confidence.METRICS)


def test_estimate_of_no_rows_is_undefined(calibrated: Calibrated) -> None:
    found = confidence.estimate(calibrated, [float("nan")])
    assert {(one.value, one.detail["reason"]) for one in found} == {(None, "no rows")}


@pytest.mark.parametrize(
    ("score", "label", "message"),
    [
        ([0.5] * 10, [0, 1] * 5, "10 labelled reference rows: at least 200 are needed"),
        ([0.5] * 300, [1] * 300, "the reference has one class only"),
        ([0.5] * 300, [2] * 300, "labels must be 0 or 1"),
    ],
)
def test_calibrate_on_what_teaches_nothing_is_refused(score: list[float], label: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confidence.calibrate(score, label)


def _guessed(rows: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rows)
    return generator.random(rows), generator.integers(0, 2, rows).astype(float)
