"""Ranking and calibration by group: values of the whole-sample measures, intervals that hold as often as promised."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import fairness, group_scores, intervals, performance
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures import census
from tests.monitoring.measures.estimates import bounds, holds


def of(found: list[Estimate], metric: str, attribute: str) -> dict[str, Estimate]:
    return {one.group: one for one in found if (one.metric, one.attribute) == (metric, attribute)}


def people(seed: int, rows: int = 600) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Label, score and group; scores are true probabilities, in every group alike."""
    generator = np.random.default_rng(seed)
    score = generator.beta(1.0, 3.0, rows)
    return (generator.random(rows) < score).astype(int), score, generator.choice(3, rows, p=[0.6, 0.3, 0.1])


@pytest.mark.parametrize("attribute", ["SEX", "RAC1P"])
def test_areas_equal_those_of_each_group_measured_alone(attribute: str) -> None:
    rows = census.year(2015)
    found = group_scores.measure(rows["employed"], rows["predicted_probability"], {attribute: rows[attribute]})
    for level, one in of(found, "roc_auc", attribute).items():
        chosen = rows[attribute] == float(level)
        confidence = intervals.sidak(0.95, int(one.detail.get("family_size", 0)) or 5)
        labels, scores = rows["employed"][chosen], rows["predicted_probability"][chosen]
        alone = performance.binary_classification(labels, scores, confidence=confidence, draws=2)[0]
        if "excluded" not in one.detail:
            assert (one.value, one.low, one.high) == pytest.approx((alone.value, alone.low, alone.high), abs=1e-12)


def test_calibration_error_equals_that_of_each_group_measured_alone() -> None:
    rows = census.year(2015)
    found = group_scores.measure(rows["employed"], rows["predicted_probability"], {"SEX": rows["SEX"]})
    for level, one in of(found, "calibration_error", "SEX").items():
        chosen = rows["SEX"] == float(level)
        labels, scores = rows["employed"][chosen], rows["predicted_probability"][chosen]
        alone = performance.binary_classification(labels, scores, confidence=intervals.sidak(0.95, 2), draws=500)[-1]
        assert one.value == pytest.approx(alone.value, abs=1e-12)
        # Found without resampling rows, and as wide: within the noise of 500 resamples.
        assert bounds(one) == pytest.approx(bounds(alone), abs=0.004)
        bias = of(found, "calibration_bias", "SEX")[level]
        assert bias.value == pytest.approx(float((scores - labels).mean()), abs=1e-12)


def test_measure_names_every_metric_of_every_group_and_pair_as_json() -> None:
    label, score, group = people(0)
    found = group_scores.measure(label, score, {"G": group, "H": group > 0})
    named = {(one.metric, one.attribute, one.group) for one in found}
    levels = [("G", one) for one in "012"] + [("H", "False"), ("H", "True")]
    levels += [("G+H", one) for one in ("0+False", "1+True", "2+True")]
    metrics = ("roc_auc", "calibration_error", "calibration_bias")
    assert named == {(metric, *level) for metric in metrics for level in levels} | {
        ("roc_auc_difference", attribute, "") for attribute in ("G", "H", "G+H")
    }
    json.dumps([asdict(one) for one in found], allow_nan=False)


def test_rows_without_label_or_score_are_left_out_and_counted() -> None:
    label, score, group = people(0)
    label, score = label.astype(float), score.copy()
    label[:3], score[2:5] = np.nan, np.nan
    found = group_scores.measure(label, score, {"G": pd.Series(group).astype(str)})
    clean = group_scores.measure(label[5:], score[5:], {"G": group[5:]})
    assert {one.detail.get("dropped") for one in found if one.group} == {5}
    assert [(one.value, one.low) for one in found] == [(one.value, one.low) for one in clean]


def test_small_and_unknown_groups_are_excluded_from_the_difference() -> None:
    label, score, group = people(0)
    named = np.array(["0", "1", None], object)[group]
    found = group_scores.measure(label, score, {"G": named}, fairness.Settings(draws=50))
    areas = of(found, "roc_auc", "G")
    assert [(name, one.detail.get("excluded")) for name, one in areas.items()] == [
        ("0", None),
        ("1", None),
        ("unknown", True),
    ]
    difference = of(found, "roc_auc_difference", "G")[""]
    assert difference.value == abs((areas["0"].value or 0) - (areas["1"].value or 0))


def test_group_of_one_class_has_no_area_but_a_reason() -> None:
    found = group_scores.measure([1, 1, 0, 1], [0.9, 0.8, 0.1, 0.7], {"G": [1, 1, 2, 2]})
    assert {one.group: (one.value, one.detail.get("reason")) for one in found if one.metric == "roc_auc"} == {
        "1": (None, "needs both classes"),
        "2": (1.0, None),
    }
    assert of(found, "roc_auc_difference", "G")[""].detail["reason"] == "fewer than two groups to compare"


def test_scores_that_are_no_probabilities_rank_but_have_no_calibration() -> None:
    label, score, group = people(0)
    found = group_scores.measure(label, 10.0 * score, {"G": group})
    reasons = {one.detail.get("reason") for one in found if one.metric.startswith("calibration")}
    assert reasons == {"scores are not probabilities"}
    assert all(one.value is not None for one in of(found, "roc_auc", "G").values())


@pytest.mark.parametrize(
    ("label", "group"), [([0, 1], ["a"]), ([0, 2], ["a", "b"]), ([0], ["a"])], ids=["group", "label", "score"]
)
def test_arrays_that_do_not_fit_are_refused(label: ArrayLike, group: ArrayLike) -> None:
    with pytest.raises(ValueError):
        group_scores.measure(label, [0.1, 0.2], {"G": group})


def test_measure_of_no_rows_is_empty() -> None:
    assert group_scores.measure([], [], {"G": []}) == []


def test_intervals_hold_for_all_groups_together_as_often_as_promised() -> None:
    label, score, _ = people(0, 400_000)
    area = performance.binary_classification(label, score, draws=2)[0].value or 0.0
    truth = {"roc_auc": area, "calibration_error": 0.0, "calibration_bias": 0.0, "roc_auc_difference": 0.0}
    held = dict.fromkeys(truth, 0)
    for seed in range(1, 201):
        label, score, group = people(seed)
        found = group_scores.measure(label, score, {"G": group}, fairness.Settings(draws=500))
        for metric, value in truth.items():
            held[metric] += all(holds(one, value) for one in of(found, metric, "G").values())
    assert all(count >= 0.91 * 200 for count in held.values()), held
