"""Predicted numbers against scikit-learn, intervals against what they promise."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from monitoring.measures import regression
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures.estimates import bounds, holds


def predicted(seed: int, rows: int = 300) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    truth = generator.gamma(4.0, 50.0, size=rows)
    return truth, 20.0 + 0.9 * truth + generator.normal(scale=30.0, size=rows)


def by_name(estimates: list[Estimate]) -> dict[str, Estimate]:
    return {one.metric: one for one in estimates}


def test_regression_equals_scikit_learn() -> None:
    truth, guess = predicted(0)
    expected = {
        "mse": metrics.mean_squared_error(truth, guess),
        "rmse": metrics.root_mean_squared_error(truth, guess),
        "mae": metrics.mean_absolute_error(truth, guess),
        "mape": metrics.mean_absolute_percentage_error(truth, guess),
        "r2": metrics.r2_score(truth, guess),
        "bias": float((guess - truth).mean()),
    }
    found = {one.metric: one.value for one in regression.regression(truth, guess, draws=20)}
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_regression_far_from_zero_loses_no_digits() -> None:
    truth, guess = (one + 1e8 for one in predicted(1))
    found = by_name(regression.regression(truth, guess, draws=20))
    assert found["r2"].value == pytest.approx(metrics.r2_score(truth, guess), abs=1e-9)


def test_rows_without_a_truth_are_left_out_and_counted() -> None:
    found = by_name(regression.regression([1.0, np.nan, 3.0], [1.0, 2.0, 4.0], draws=20))
    assert (found["mae"].value, found["mae"].n, found["mae"].detail["dropped"]) == (0.5, 2, 1)


def test_undefined_figures_say_why() -> None:
    found = by_name(regression.regression([0.0, 0.0], [1.0, 2.0], draws=20))
    reasons = {name: one.detail["reason"] for name, one in found.items() if one.value is None}
    assert reasons == {"mape": "a true value is 0", "r2": "the true values do not vary"}
    assert [one.value for one in regression.regression([], [])] == [None] * 6


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinite_answer_leaves_every_figure_undefined(infinite: float) -> None:
    truth = np.arange(10.0)
    found = regression.regression(truth, [*truth[:-1], infinite]) + regression.compare(truth, truth, truth + infinite)
    assert {(one.value, one.detail["reason"]) for one in found} == {(None, "a value is infinite")}


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth = {name: one.value or 0.0 for name, one in by_name(regression.regression(*predicted(99, 400_000),
                                                                                  draws=2)).items()}  # fmt: skip
    held = dict.fromkeys(truth, 0)
    for seed in range(150):
        for one in regression.regression(*predicted(seed), confidence=0.9, draws=200):
            held[one.metric] += holds(one, truth[one.metric])
    assert {name: count for name, count in held.items() if count / 150 < 0.82} == {}


def test_every_interval_holds_its_value() -> None:
    for one in regression.regression(*predicted(2), draws=200):
        low, high = bounds(one)
        assert low <= (one.value or 0.0) <= high


def test_compare_is_paired_and_the_difference_of_both_figures() -> None:
    truth, guess = predicted(3)
    worse = guess + 5.0
    found = by_name(regression.compare(truth, guess, worse, draws=200))
    first, second = (by_name(regression.regression(truth, one, draws=2)) for one in (guess, worse))
    for name, one in found.items():
        assert one.value == pytest.approx((first[name].value or 0.0) - (second[name].value or 0.0), abs=1e-9)
        assert (one.detail["candidate"], one.detail["champion"]) == pytest.approx(
            (first[name].value, second[name].value)
        )


def test_compare_with_itself_differs_by_nothing() -> None:
    truth, guess = predicted(4)
    found = regression.compare(truth, guess, guess, draws=50)
    assert [(one.metric, one.value, one.low, one.high) for one in found] == [
        (name, 0.0, 0.0, 0.0) for name in ("mse", "rmse", "mae", "r2")
    ]
