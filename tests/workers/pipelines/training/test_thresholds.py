"""Thresholds by a rule: checked against trying every one."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from tests.workers.pipelines.tables import quiet, recipe_for, shipped
from workers.pipelines import recipes
from workers.pipelines.training import thresholds, train

DRAWS = np.random.default_rng(5)
LABELS = DRAWS.integers(0, 2, 300)
ANSWER = np.clip(0.25 * LABELS + DRAWS.random(300) * 0.7, 0.001, 0.999)


def every(measure: object) -> list[float]:
    ranked = np.unique(ANSWER)
    return [float(measure(LABELS, at <= ANSWER)) for at in (ranked[:-1] + ranked[1:]) / 2]  # type: ignore[operator]


def test_choose_max_f1_is_the_best_of_all() -> None:
    chosen, worth = thresholds.choose({"rule": "max_f1"}, LABELS, ANSWER)
    assert worth == pytest.approx(max(every(f1_score)))
    assert f1_score(LABELS, chosen <= ANSWER) == pytest.approx(worth)


def test_choose_target_recall_is_met_at_the_best_precision() -> None:
    chosen, worth = thresholds.choose({"rule": "target_recall", "target": 0.9}, LABELS, ANSWER)
    met = [p for p, r in zip(every(precision_score), every(recall_score), strict=True) if r >= 0.9]
    assert worth >= 0.9
    assert precision_score(LABELS, chosen <= ANSWER) == pytest.approx(max(met))


def test_choose_target_out_of_reach_comes_nearest() -> None:
    labels, answer = np.array([1, 0, 1, 0]), np.array([0.2, 0.9, 0.4, 0.6])
    assert thresholds.choose({"rule": "target_precision", "target": 0.99}, labels, answer)[1] == pytest.approx(1 / 3)


def test_choose_cost_of_missing_lowers_the_threshold() -> None:
    dear = thresholds.choose({"rule": "cost", "false_positive": 1, "false_negative": 9}, LABELS, ANSWER)[0]
    cheap = thresholds.choose({"rule": "cost", "false_positive": 9, "false_negative": 1}, LABELS, ANSWER)[0]
    assert dear < cheap


def test_train_with_a_rule_keeps_the_threshold_it_chose() -> None:
    document = recipe_for(
        "binary_classification", "logistic_regression", threshold={"rule": "target_recall", "target": 1.0}
    )
    trained = train.train(recipes.validate(document), shipped("binary_classification"), quiet)
    (curve,) = [one for one in trained.curves if one["name"] == "threshold"]
    assert (curve["chosen"], curve["worth"], curve["n"]) == (trained.threshold, 1.0, 398)
    assert trained.threshold is not None
    assert trained.threshold < 0.5
