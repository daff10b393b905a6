"""Differences and ratios between groups: fairlearn's values, and intervals that hold as often as promised."""

from typing import Any

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from numpy.typing import NDArray
from sklearn.metrics import precision_score

from monitoring.measures import fairness, parity
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures import census
from tests.monitoring.measures.estimates import bounds, holds

KINDS = ("difference", "ratio")


def summaries(found: list[Estimate], attribute: str = "G") -> dict[str, Estimate]:
    return {one.metric: one for one in found if one.attribute == attribute and not one.group}


def people(seed: int, rows: int, rates: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Group, label and decision: half have label 1; `rates` (groups, label) is the chance of a decision of 1."""
    generator = np.random.default_rng(seed)
    group = generator.choice(4, rows, p=[0.6, 0.2, 0.15, 0.05])
    label = generator.integers(0, 2, rows)
    return group, label, (generator.random(rows) < rates[group, label]).astype(int)


@pytest.mark.parametrize(("attribute", "large"), [("SEX", (1, 2)), ("RAC1P", (1, 2, 6, 8, 9))])
def test_differences_and_ratios_equal_fairlearn_to_the_last_bit(attribute: str, large: tuple[int, ...]) -> None:
    rows = census.year(2015)
    found = fairness.selection(rows["prediction"], {attribute: rows[attribute]}, rows["employed"], draws=50)
    kept = np.isin(rows[attribute], large)
    label, decision, group = (rows[name][kept] for name in ("employed", "prediction", attribute))
    expected = {
        f"{criterion}_{kind}": getattr(fairlearn, f"{criterion}_{kind}")(label, decision, sensitive_features=group)
        for criterion in ("demographic_parity", "equal_opportunity", "equalized_odds")
        for kind in KINDS
    }
    precision = fairlearn.MetricFrame(metrics=precision_score, y_true=label, y_pred=decision, sensitive_features=group)
    expected |= {f"predictive_parity_{kind}": getattr(precision, kind)() for kind in KINDS}
    assert {metric: one.value for metric, one in summaries(found, attribute).items()} == expected


def test_ratio_of_rates_that_are_all_zero_is_undefined() -> None:
    found = summaries(fairness.selection([0, 0, 0, 0], {"G": [1, 1, 2, 2]}, [0, 1, 0, 1], draws=50))
    assert (found["demographic_parity_difference"].value, found["demographic_parity_ratio"].value) == (0.0, None)
    assert found["equalized_odds_ratio"].detail["reason"] == "a rate is 0 in every group"
    assert found["predictive_parity_ratio"].detail["reason"] == "fewer than two groups to compare"


def test_ratio_where_no_one_of_a_group_is_selected_reaches_above_zero() -> None:
    decision, group = np.repeat([1, 0, 0], [50, 50, 12]), np.repeat([1, 1, 2], [50, 50, 12])
    one = summaries(fairness.selection(decision, {"G": group}))["demographic_parity_ratio"]
    assert (one.value, one.low) == (0.0, 0.0)
    assert 0.2 < bounds(one)[1] < 1.0


@pytest.mark.parametrize(
    "rates",
    [np.full((4, 2), [0.2, 0.7]), np.array([[0.1, 0.7], [0.2, 0.6], [0.15, 0.7], [0.1, 0.8]])],
    ids=["equal", "unequal"],
)
def test_intervals_hold_the_truth_as_often_as_promised(rates: NDArray[Any]) -> None:
    selected, precise = rates.mean(axis=1), rates[:, 1] / rates.sum(axis=1)
    of_criterion = {
        "demographic_parity": [selected],
        "equal_opportunity": [rates[:, 1]],
        "equalized_odds": [rates[:, 0], rates[:, 1]],
        "predictive_parity": [precise],
    }
    truth = {f"{name}_difference": max(np.ptp(one) for one in every) for name, every in of_criterion.items()}
    truth |= {f"{name}_ratio": min(one.min() / one.max() for one in every) for name, every in of_criterion.items()}
    held = dict.fromkeys(truth, 0)
    for seed in range(200):
        group, label, decision = people(seed, 2_000, rates)
        found = summaries(fairness.selection(decision, {"G": group}, label, draws=300, seed=seed))
        for metric, value in truth.items():
            held[metric] += holds(found[metric], float(value))
    assert set(truth) == {f"{criterion}_{kind}" for criterion in parity.CRITERIA for kind in KINDS}
    assert all(count >= 0.91 * 200 for count in held.values()), held
