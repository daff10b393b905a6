"""Fairness by training: the constraint holds better, the group is never a feature, and one graph answers for all."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.workers.pipelines.tables import quiet
from workers.pipelines import predict, recipes
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.fitting import mitigation
from workers.pipelines.training import train
from workers.pipelines.training.trained import Trained

N = 1200


def hiring() -> pa.Table:
    """Two groups of the same ability, of which one was hired less; `place` gives the group away."""
    draws = np.random.default_rng(3)
    group = draws.integers(0, 2, N)
    ability = draws.normal(size=N)
    place = group + draws.normal(scale=0.5, size=N)
    hired = (ability + 1.5 * group + draws.normal(scale=0.5, size=N) > 0.75).astype(int)
    return pa.table({"ability": ability, "place": place, "sex": np.where(group == 1, "m", "f"), "hired": hired})


def fitted(kind: str, constraint: str = "demographic_parity", **more: Any) -> Trained:
    document = {
        "task": "binary_classification",
        "label": "hired",
        "features": {"ability": "numeric", "place": "numeric"},
        "estimator": {"name": "logistic_regression"},
        "cross_validation": {"folds": 2},
        "mitigation": {"kind": kind, "constraint": constraint, "attribute": "sex"},
    }
    return train.train(recipes.validate(document | more), hiring(), quiet)


def disparities(trained: Trained, split: str) -> dict[str, float]:
    deployed = {True: "deployed", False: ""}
    points = [point for point in trained.trade_off if point["split"] == split]
    return {deployed[point["chosen"]] or point["kind"]: point["disparity"] for point in points}


@pytest.mark.parametrize("kind", ["grid_search", "exponentiated_gradient"])
@pytest.mark.parametrize("constraint", ["demographic_parity", "equalized_odds"])
def test_train_mitigated_is_fairer_and_converts_exactly(kind: str, constraint: str) -> None:
    trained = fitted(kind, constraint)
    found = disparities(trained, "holdout")
    # Odds are nearly equal from the start: noise is then all that is left of the difference.
    assert found["deployed"] < max(found["unmitigated"] / 2, 0.05)
    assert (trained.parity["label_flips"], trained.parity["decision_flips"]) == (0, 0)
    assert [entry["name"] for entry in trained.input_schema] == ["ability", "place"]


def test_train_mitigated_answers_need_no_group() -> None:
    trained = fitted("exponentiated_gradient")
    rows = np.array([[0.5, 0.1], [-1.0, 1.2]], dtype=np.float32)
    assert np.allclose(predict.score(trained.onnx, rows), trained.pipeline.predict_proba(rows)[:, 1], atol=1e-6)


def test_trade_off_tells_error_disparity_and_rows_of_each_candidate_and_split() -> None:
    trained = fitted("grid_search")
    kinds = [(point["kind"], point["split"]) for point in trained.trade_off]
    each = ["unmitigated", *["grid_search"] * 10, "threshold_optimizer"]
    assert kinds == [(kind, split) for kind in each for split in ("train", "holdout")]
    assert {point["n"] for point in trained.trade_off} == {840, 360}
    assert all(sum(point["groups"].values()) == point["n"] for point in trained.trade_off)
    assert sum(point["chosen"] for point in trained.trade_off) == 2
    assert {point["kind"] for point in trained.trade_off if not point["deployable"]} == {"threshold_optimizer"}


@pytest.mark.parametrize("name", ["logistic_regression", "hist_gradient_boosting", "decision_tree"])
def test_train_mitigated_lets_no_warning_of_the_libraries_escape(name: str) -> None:
    trained = fitted("grid_search", "equalized_odds", estimator={"name": name})
    assert "threshold_optimizer" in disparities(trained, "holdout")
    assert trained.warnings == []


def test_train_mitigated_twice_gives_identical_bytes() -> None:
    one, other = fitted("exponentiated_gradient"), fitted("exponentiated_gradient")
    assert (one.onnx, one.trade_off) == (other.onnx, other.trade_off)


@pytest.mark.parametrize("kind", ["grid_search", "exponentiated_gradient"])
def test_train_regression_under_bounded_group_loss_converts(kind: str) -> None:
    trained = fitted(
        kind,
        "bounded_group_loss",
        task="regression",
        label="ability",
        features={"place": "numeric", "hired": "numeric"},
        estimator={"name": "ridge"},
    )
    assert trained.parity["difference_max"] < 1e-5
    assert {point["constraint"] for point in trained.trade_off} == {"bounded_group_loss"}


def test_disparity_equalized_odds_is_the_larger_of_both_differences() -> None:
    labels, decision = np.array([1, 1, 0, 0, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 1, 0, 1, 1])
    groups = np.array(["a"] * 4 + ["b"] * 4)
    assert mitigation.disparity("true_positive_rate_parity", labels, decision, groups) == 0.5
    assert mitigation.disparity("equalized_odds", labels, decision, groups) == 1.0
    assert mitigation.disparity("demographic_parity", labels, decision, groups) == 0.25


def test_train_one_group_is_refused() -> None:
    table = hiring().set_column(2, "sex", pa.array(["f"] * N))
    document = {
        "task": "binary_classification",
        "label": "hired",
        "features": {"ability": "numeric"},
        "estimator": {"name": "logistic_regression"},
        "mitigation": {"kind": "grid_search", "constraint": "demographic_parity", "attribute": "sex"},
    }
    with pytest.raises(TrainingRefused, match="The column 'sex' has one group"):
        train.train(recipes.validate(document), table, quiet)
