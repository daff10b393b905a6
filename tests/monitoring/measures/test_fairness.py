"""Fairness against fairlearn, and intervals against what they promise."""

import functools
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from numpy.typing import NDArray
from sklearn.metrics import precision_score

from monitoring.measures import fairness, group_cells, parity
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures import census
from tests.monitoring.measures.estimates import bounds, holds

RATES = {
    "selection_rate": fairlearn.selection_rate,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "precision": functools.partial(precision_score, zero_division=0),
}


def of(estimates: list[Estimate], metric: str, attribute: str) -> dict[str, Estimate]:
    return {one.group: one for one in estimates if (one.metric, one.attribute) == (metric, attribute)}


def people(rates: list[float], shares: list[float], seed: int, rows: int = 1_500) -> tuple[NDArray[Any], NDArray[Any]]:
    generator = np.random.default_rng(seed)
    group = generator.choice(len(rates), rows, p=shares)
    return (generator.random(rows) < np.array(rates)[group]).astype(int), group


@pytest.fixture(scope="module")
def measured() -> tuple[census.Table, list[Estimate]]:
    rows = census.year(2015)
    groups = {name: rows[name] for name in ("SEX", "RAC1P")}
    return rows, fairness.selection(rows["prediction"], groups, rows["employed"], draws=200, exclude_below_share=0.0)


@pytest.mark.parametrize("attribute", ["SEX", "RAC1P", "SEX+RAC1P"])
def test_rates_equal_fairlearn_to_the_last_bit(measured: tuple[census.Table, list[Estimate]], attribute: str) -> None:
    rows, found = measured
    features = np.column_stack([rows[name].astype(int) for name in attribute.split("+")])
    frame = fairlearn.MetricFrame(
        metrics=RATES, y_true=rows["employed"], y_pred=rows["prediction"], sensitive_features=features
    )
    for metric in RATES:
        names = ["+".join(map(str, key if isinstance(key, tuple) else (key,))) for key in frame.by_group.index]
        expected = dict(zip(names, frame.by_group[metric].astype(float), strict=True))
        # fairlearn gives 0 for a rate of no rows, and NaN for a group of no rows.
        values = {group: one.value for group, one in of(found, metric, attribute).items() if one.value is not None}
        assert values == {group: expected[group] for group in values}
        assert all(not expected[group] > 0 for group in expected if group not in values)


def test_selection_names_every_metric_of_every_group_and_pair() -> None:
    decision, group = people([0.5, 0.4], [0.5, 0.5], 0)
    found = fairness.selection(decision, {"A": group, "B": 1 - group}, np.roll(decision, 1), draws=50)
    per_group = ["selection_rate", "impact_ratio", "true_positive_rate", "false_positive_rate", "precision"]
    summaries = [f"{criterion}_{kind}" for criterion in parity.CRITERIA for kind in ("difference", "ratio")]
    named = {(one.metric, one.attribute, one.group) for one in found}
    levels = [("A", "0"), ("A", "1"), ("B", "0"), ("B", "1"), ("A+B", "0+1"), ("A+B", "1+0")]
    assert named == {(metric, *level) for metric in per_group for level in levels} | {
        (metric, attribute, "") for metric in summaries for attribute in ("A", "B", "A+B")
    }
    json.dumps([asdict(one) for one in found], allow_nan=False)


def test_selection_without_labels_leaves_out_error_rates() -> None:
    decision, group = people([0.5, 0.4], [0.5, 0.5], 0)
    found = {one.metric for one in fairness.selection(decision, {"A": group}, draws=50)}
    assert found == {
        "selection_rate",
        "impact_ratio",
        "demographic_parity_difference",
        "demographic_parity_ratio",
    }


def test_impact_ratio_is_over_the_highest_included_group() -> None:
    decision = np.repeat([1, 0, 1, 0, 1], [40, 60, 30, 70, 2])
    group = np.repeat(["a", "a", "b", "b", "tiny"], [40, 60, 30, 70, 2])
    found = of(fairness.selection(decision, {"G": group}, draws=50), "impact_ratio", "G")
    assert {name: (one.value, one.detail["reference"]) for name, one in found.items()} == {
        "a": (1.0, "a"),
        "b": (pytest.approx(0.75), "a"),
        "tiny": (2.5, "a"),
    }
    assert [name for name, one in found.items() if one.detail.get("excluded")] == ["tiny"]


def test_missing_categories_are_one_excluded_group() -> None:
    decision, group = people([0.5, 0.4, 0.9], [0.4, 0.4, 0.2], 0)
    named = np.array(["a", "b", None], object)[group]
    found = of(fairness.selection(decision, {"G": named, "H": group}, draws=50), "impact_ratio", "G")
    assert [(name, one.detail.get("excluded")) for name, one in found.items()] == [
        ("a", None),
        ("b", None),
        ("unknown", True),
    ]
    assert {one.detail["reference"] for one in found.values()} == {"a"}


def test_groups_say_whether_their_intervals_hold_together_and_over_how_many() -> None:
    decision = np.repeat([1, 0, 1, 0, 1, 0], [40, 60, 30, 63, 1, 6])
    group = np.repeat(np.array(["a", "a", "b", "b", "tiny", None], object), [40, 60, 30, 63, 1, 6])
    found = of(fairness.selection(decision, {"G": group}, draws=50), "selection_rate", "G")
    standing = ("share", "simultaneous", "family_size", "excluded", "unknown")
    assert {name: {key: one.detail[key] for key in standing if key in one.detail} for name, one in found.items()} == {
        "a": {"share": 0.5, "simultaneous": True, "family_size": 2},
        "b": {"share": 0.465, "simultaneous": True, "family_size": 2},
        "tiny": {"share": 0.005, "excluded": True},
        "unknown": {"share": 0.03, "excluded": True, "unknown": True},
    }


def test_groups_below_a_number_of_rows_are_excluded() -> None:
    group = np.repeat(["a", "b", "c"], [50, 40, 39])
    found = of(fairness.selection(np.ones(129), {"G": group}, draws=50, exclude_below_rows=40), "selection_rate", "G")
    assert [name for name, one in found.items() if "excluded" in one.detail] == ["c"]


def test_selection_of_merged_chunks_is_that_of_all_rows() -> None:
    decision, group = people([0.5, 0.4, 0.3], [0.5, 0.3, 0.2], 0)
    named, label = np.array(["a", "b", None], object)[group], np.roll(decision, 3)
    chunks = [
        group_cells.count(decision[part], {"G": named[part], "H": group[part]}, label[part])
        for part in (slice(700, None), slice(0, 0), slice(0, 700))
    ]
    whole = fairness.selection(decision, {"G": named, "H": group}, label, draws=50)
    assert fairness.of_cells(group_cells.merged(chunks), fairness.Settings(draws=50)) == whole


def test_labels_that_have_not_arrived_leave_the_error_rates_undefined() -> None:
    found = fairness.selection([1, 0], {"G": ["a", "b"]}, [np.nan, np.nan], draws=50)
    undefined = {one.metric: one.detail["reason"] for one in found if one.value is None and one.group == "a"}
    assert undefined == dict.fromkeys(["true_positive_rate", "false_positive_rate", "precision"], "no rows")


def test_decisions_above_the_median_are_half_of_the_rows() -> None:
    assert fairness.above_median([0.1, 0.9, 0.5, 0.6]).tolist() == [0, 1, 0, 1]
    assert fairness.above_median([]).tolist() == []
    with pytest.raises(ValueError, match="missing"):
        fairness.above_median([0.1, np.nan])


def test_rows_without_a_label_count_for_decisions_only() -> None:
    found = fairness.selection([1, 1, 0, 0], {"G": ["a"] * 4}, [1, np.nan, 0, 1], draws=50)
    assert {one.metric: (one.value, one.n) for one in found if one.group == "a"} == {
        "selection_rate": (0.5, 4),
        "impact_ratio": (1.0, 4),
        "true_positive_rate": (0.5, 2),
        "false_positive_rate": (0.0, 1),
        "precision": (1.0, 1),
    }


@pytest.mark.parametrize(
    ("decision", "group", "reason"),
    [
        ([0, 0, 0], ["a", "b", "b"], "no one is selected"),
        ([1, 0, 1], [None, None, None], "no group is large enough"),
    ],
)
def test_impact_ratio_of_nothing_is_undefined(decision: list[int], group: list[str], reason: str) -> None:
    found = of(fairness.selection(decision, {"G": np.array(group, object)}, draws=50), "impact_ratio", "G")
    assert {(one.value, one.low, one.detail["reason"]) for one in found.values()} == {(None, None, reason)}


def test_a_single_group_has_no_difference() -> None:
    found = of(fairness.selection([1, 0], {"G": ["a", "a"]}, draws=50), "demographic_parity_difference", "G")
    assert (found[""].value, found[""].detail["reason"]) == (None, "fewer than two groups to compare")


def test_selection_of_no_rows_is_empty() -> None:
    assert fairness.selection([], {"G": []}, []) == []


@pytest.mark.parametrize(
    ("decision", "group", "label"),
    [([0, 2], ["a", "b"], None), ([0, 1], ["a"], None), ([0, 1], ["a", "b"], [0]), ([0, 1], ["a", "b"], [0, 3])],
)
def test_arrays_that_do_not_fit_are_refused(decision: list[int], group: list[str], label: list[int] | None) -> None:
    with pytest.raises(ValueError):
        fairness.selection(decision, {"G": group}, label)


def test_a_group_where_no_one_is_selected_keeps_an_honest_interval() -> None:
    decision, group = np.repeat([1, 0, 0], [50, 50, 10]), np.repeat(["a", "a", "b"], [50, 50, 10])
    found = of(fairness.selection(decision, {"G": group}), "impact_ratio", "G")["b"]
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0.2 < bounds(found)[1] < 0.9


def test_the_leading_group_is_uncertain_where_another_may_lead() -> None:
    close, clear = (people(rates, [0.5, 0.5], 0) for rates in ([0.5, 0.49], [0.9, 0.3]))
    found = [of(fairness.selection(d, {"G": g}, draws=300), "impact_ratio", "G")["0"] for d, g in (close, clear)]
    assert bounds(found[0])[0] < 0.99
    assert bounds(found[1]) == (1.0, 1.0)


@pytest.mark.parametrize("rates", [[0.5, 0.5, 0.5, 0.5], [0.55, 0.45, 0.55, 0.4]])
def test_intervals_hold_for_all_groups_together_as_often_as_promised(rates: list[float]) -> None:
    held = dict.fromkeys(("selection_rate", "impact_ratio", "demographic_parity_difference"), 0)
    truth = np.array(rates)
    for seed in range(200):
        decision, group = people(rates, [0.7, 0.15, 0.1, 0.05], seed)
        found = fairness.selection(decision, {"G": group}, draws=300, seed=seed)
        true = {"selection_rate": truth, "impact_ratio": truth / truth.max()}
        for metric, values in true.items():
            every = of(found, metric, "G")
            held[metric] += all(holds(every[str(group)], value) for group, value in enumerate(values))
        one = of(found, "demographic_parity_difference", "G")[""]
        held["demographic_parity_difference"] += holds(one, float(np.ptp(truth)))
    assert all(count >= 0.91 * 200 for count in held.values()), held


def test_selection_with_one_seed_is_the_same_twice() -> None:
    decision, group = people([0.5, 0.4], [0.5, 0.5], 0)
    first, again, other = (fairness.selection(decision, {"G": group}, draws=50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
