"""Loss without truths: found where inputs shift towards rows that the model knows less well."""

import numpy as np
import pytest

from monitoring.measures import direct_loss, regression
from monitoring.measures.direct_loss import Learned

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def world(rows: int, shift: float, generator: np.random.Generator) -> Rows:
    """Inputs, answers and truths; the error grows with the first input's size."""
    x = generator.normal(shift, 1, (rows, 3))
    answer = x @ [1.0, 2.0, 0.0]
    return x, answer, answer + (0.3 + np.abs(x[:, 0])) * generator.normal(size=rows)


@pytest.fixture(scope="module")
def learned() -> Learned:
    return direct_loss.learn(*world(3_000, 0.0, np.random.default_rng(0)))


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_estimate_holds_the_loss_of_the_truths(learned: Learned, shift: float) -> None:
    generator, held = np.random.default_rng(5), []
    for seed in range(12):
        x, answer, truth = world(800, shift, generator)
        real = {one.metric: one.value for one in regression.regression(truth, answer, draws=2)}
        found = direct_loss.estimate(learned, x, answer, draws=100, seed=seed)
        held += [(one.low or 0) <= (real[one.metric] or 0) <= (one.high or 0) for one in found]
    assert np.mean(held) > 0.75  # 0.93 over 40 worlds, at 0.95


def test_estimate_where_the_model_knows_less_is_larger(learned: Learned) -> None:
    generator = np.random.default_rng(6)
    near, far = (direct_loss.estimate(learned, *world(800, shift, generator)[:2], draws=50) for shift in (0.0, 1.0))
    assert (far[0].low or 0) > (near[0].value or 0)


def test_estimate_takes_missing_inputs_and_drops_rows_without_an_answer(learned: Learned) -> None:
    x, answer, _ = world(100, 0.0, np.random.default_rng(8))
    x[0, 0], answer[1] = np.nan, np.nan
    found = direct_loss.estimate(learned, x, answer, draws=20)
    counted = [(one.metric, one.n, one.detail["dropped"]) for one in found]
    assert counted == [("mae", 99, 1), ("mse", 99, 1), ("rmse", 99, 1)]
    assert all(np.isfinite(one.value or np.nan) and (one.low or np.nan) < (one.high or np.nan) for one in found)


def test_estimate_of_no_rows_is_undefined(learned: Learned) -> None:
    found = direct_loss.estimate(learned, np.zeros((1, 3)), [np.nan])
    assert {(one.value, one.detail["reason"]) for one in found} == {(None, "no rows")}


def test_estimate_on_other_inputs_is_refused(learned: Learned) -> None:
    with pytest.raises(ValueError, match="learned on 3 inputs, here are 2"):
        direct_loss.estimate(learned, np.zeros((5, 2)), np.zeros(5))


def test_learn_on_too_few_truths_is_refused() -> None:
    x, answer, truth = world(600, 0.0, np.random.default_rng(9))
    truth[:200] = np.nan
    with pytest.raises(ValueError, match="400 reference rows with a truth: at least 500"):
        direct_loss.learn(x, answer, truth)
