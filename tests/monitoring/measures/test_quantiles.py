"""Quantiles: order statistics, missing values left out, intervals that cover as often as they say."""

import math

import numpy as np
import pytest

from monitoring.measures import quantiles
from tests.monitoring.measures.estimates import holds


@pytest.mark.parametrize(("share", "value"), [(0.07, 7.0), (0.29, 29.0), (0.5, 50.0), (0.955, 96.0)])
def test_quantile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, value: float) -> None:
    assert quantiles.quantile(np.arange(100.0, 0.0, -1.0), share, name="latency").value == value


def test_quantile_leaves_missing_values_out_and_counts_them() -> None:
    known = np.arange(1.0, 101.0)
    found = quantiles.quantile([*known, math.nan, math.nan], 0.5, name="latency")
    alone = quantiles.quantile(known, 0.5, name="latency")
    assert (found.value, found.low, found.high, found.n) == (alone.value, alone.low, alone.high, 100)
    assert found.detail == {"dropped": 2}


def test_quantile_of_too_few_values_has_no_interval() -> None:
    found = quantiles.quantile([1.0, 2.0, 3.0], 0.99, name="latency")
    assert (found.value, found.low, found.detail) == (
        3.0,
        None,
        {"reason": "3 values have no interval of the quantile 0.99"},
    )


def test_quantile_of_nothing_is_undefined() -> None:
    assert quantiles.quantile([math.nan], 0.5, name="latency").detail == {"dropped": 1, "reason": "no rows"}


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_intervals_hold_the_true_quantile_as_often_as_they_say(share: float) -> None:
    random, held = np.random.default_rng(2), 0
    for _ in range(2_000):
        found = quantiles.quantile(random.random(300), share, name="latency")
        held += holds(found, share)
    assert 0.94 < held / 2_000 < 0.98
