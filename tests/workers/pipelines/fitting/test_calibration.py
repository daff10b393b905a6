"""Calibration: the maps find what was distorted, and their answers stay probabilities."""

import numpy as np
import pytest
from scipy import special
from sklearn.metrics import log_loss

from workers.pipelines.fitting import calibration


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_fitted_maps_undo_a_known_distortion(method: str) -> None:
    draws = np.random.default_rng(1)
    truth = draws.normal(size=20_000)
    labels = (draws.random(20_000) < special.expit(truth)).astype(int)
    (to,) = calibration.fitted_maps(method, (3 * truth + 1).reshape(-1, 1), labels)
    assert np.abs(to(3 * truth + 1) - special.expit(truth)).mean() < 0.02


def test_sigmoid_of_separable_scores_is_finite() -> None:
    score, labels = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1])
    (to,) = calibration.fitted_maps("sigmoid", score.reshape(-1, 1), labels)
    assert to(score) == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=0.1)


def test_isotonic_never_answers_quite_0_or_1() -> None:
    score, labels = np.linspace(-3, 3, 100), (np.linspace(-3, 3, 100) > 0).astype(int)
    (to,) = calibration.fitted_maps("isotonic", score.reshape(-1, 1), labels)
    answered = to(score)
    assert 0 < answered.min() < 0.01
    assert 0.99 < answered.max() < 1
    assert log_loss(labels, answered) < 0.1
    assert np.all(np.diff(answered) >= 0)
