"""Perturbations do what they say; attacks find what is there to find, and nothing where there is nothing."""

from typing import Any

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.tree import DecisionTreeClassifier

from tests import onnx_files
from tests.monitoring.measures.estimates import bounds, holds
from workers.pipelines import recipes
from workers.pipelines.evaluation.subject import Subject
from workers.pipelines.matrices import Inputs
from workers.pipelines.robustness import adversarial, figures, membership, perturbed

OPTIONS = {"confidence": 0.95, "draws": 200, "seed": 4}


def subject_of(onnx: bytes, names: list[str], **entry: Any) -> Subject:
    document = {"task": "binary_classification", "label": "y", "features": dict.fromkeys(names, "numeric"),
                "estimator": {"name": "logistic_regression"}}  # fmt: skip
    schema = [{"name": name, "type": "numeric", **entry} for name in names]
    return Subject(onnx, recipes.validate(document), 0.5, schema)


@pytest.fixture
def logistic() -> Subject:
    return subject_of(onnx_files.logistic((2.0, 0.0), 0.0), ["A", "B"])


@pytest.fixture
def rows() -> Inputs:
    return Inputs(np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32))


def truth_of(rows: Inputs) -> np.ndarray:
    noise = np.random.default_rng(2).normal(scale=0.7, size=len(rows))
    return (rows.features[:, 0] + noise > 0).astype(np.int64)


def picture(size: int = 8) -> tuple[Subject, Inputs]:
    document = {"task": "binary_classification", "label": "y", "features": {"a": "numeric"},
                "estimator": {"name": "logistic_regression"}}  # fmt: skip
    schema = [{"name": "image", "type": "image", "width": size, "height": size, "mode": "L", "input": "features",
               "position": 0}]  # fmt: skip
    image = np.random.default_rng(0).random((3, size * size)).astype(np.float32)
    return Subject(b"", recipes.validate(document), 0.5, schema), Inputs(image)


def test_noise_and_gaps_are_as_large_as_asked(logistic: Subject, rows: Inputs) -> None:
    made = {(one.what, one.level): one.inputs.features for one in
            perturbed.versions(logistic, rows, {"noise": [0.5], "missing": [0.3], "shift": [1]}, seed=0)}  # fmt: skip
    assert np.std(made["noise", "0.5"] - rows.features) == pytest.approx(0.5, abs=0.04)
    assert np.isnan(made["missing", "0.3"]).mean() == pytest.approx(0.3, abs=0.04)
    assert np.abs((made["shift", "1"] - rows.features).mean(axis=0)) == pytest.approx([1.0, 1.0], abs=0.1)


def test_perturbations_leave_the_rows_alone_and_are_the_same_for_a_seed(logistic: Subject, rows: Inputs) -> None:
    before = rows.features.copy()
    first, second = (list(perturbed.versions(logistic, rows, {"noise": [1]}, seed=3)) for _ in range(2))
    assert np.array_equal(first[0].inputs.features, second[0].inputs.features)
    assert np.array_equal(rows.features, before)


@pytest.mark.parametrize("what", ["noise", "blur", "contrast", "brightness", "occlusion", "shift"])
def test_every_corruption_changes_the_image_more_by_severity_and_keeps_its_bounds(what: str) -> None:
    subject, images = picture()
    made = [one.inputs.features for one in perturbed.versions(subject, images, {"corruptions": [what]}, seed=0)]
    distance = [float(np.abs(one - images.features).mean()) for one in made]
    assert len(made) == 3
    assert 0.0 < distance[0] <= distance[2] or what == "shift"
    assert all(one.min() >= 0.0 and one.max() <= 1.0 for one in made)


def test_figures_fall_with_noise_and_the_change_is_paired(logistic: Subject, rows: Inputs) -> None:
    truth, answers = truth_of(rows), logistic.answers(rows)
    found = list(figures.of(logistic, truth, rows, answers, asked={"noise": [0.01, 3]}, options=OPTIONS))
    at = {(one.metric, one.group): one for one in found}
    assert [one.metric for one in found[:4]] == ["roc_auc", "accuracy", "brier", "accuracy_difference"]
    assert bounds(at["accuracy_difference", "3"])[1] < 0 <= bounds(at["accuracy_difference", "0.01"])[1]
    plain = float((answers.decision == truth).mean())
    assert (at["accuracy", "3"].value or 0.0) - plain == pytest.approx(at["accuracy_difference", "3"].value)


def test_tilting_moves_the_mean_as_asked_and_keeps_the_weights_positive() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=2_000)
    weight = figures.tilted(values, 0.5)
    assert weight.min() > 0
    assert np.average(values, weights=weight) == pytest.approx(values.mean() + 0.5 * values.std(), rel=1e-6)
    assert figures.tilted(np.ones(5), 1.0).tolist() == [1.0] * 5


def test_reweighting_says_how_many_rows_it_is_worth(logistic: Subject, rows: Inputs) -> None:
    truth, answers = truth_of(rows), logistic.answers(rows)
    found = list(figures.of(logistic, truth, rows, answers, asked={"reweighting": [0.5]}, options=OPTIONS))
    assert [one.group for one in found] == ["A +0.5 sd", "B +0.5 sd"]
    assert all(200 < float(one.detail["effective_n"]) < 400 for one in found)


def test_attack_turns_decisions_within_large_budgets_and_never_within_tiny_ones(
    logistic: Subject, rows: Inputs
) -> None:
    truth = logistic.answers(rows).decision
    asked = {"attack": "hop_skip_jump", "rows": 12, "queries": 300, "budgets": [1e-6, 5.0]}
    found = adversarial.of(logistic, truth, rows, asked=asked, confidence=0.95, seed=2)
    assert [(one.group, one.value) for one in found] == [("1e-06", 1.0), ("5", 0.0)]
    again = adversarial.of(logistic, truth, rows, asked=asked, confidence=0.95, seed=2)
    assert found == again


def test_attack_comes_near_the_true_distance(logistic: Subject, rows: Inputs) -> None:
    truth = logistic.answers(rows).decision
    asked = {"attack": "hop_skip_jump", "rows": 15, "queries": 600, "budgets": [1.0]}
    (found,) = adversarial.of(logistic, truth, rows, asked=asked, confidence=0.95, seed=2)
    picked = np.random.default_rng(2).permutation(400)[:15]
    exact = np.abs(rows.features[picked, 0]) / rows.features[:, 0].std() / np.sqrt(2)
    assert float(np.median(exact)) <= float(found.detail["median_distance"]) <= float(np.median(exact)) * 1.3


def learned(depth: int | None) -> tuple[Subject, Any, Any]:
    generator = np.random.default_rng(5)
    features = generator.normal(size=(800, 4)).astype(np.float32)
    label = (features[:, 0] + generator.normal(size=800) > 0).astype(np.int64)
    tree = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(features[:400], label[:400])
    onnx = to_onnx(tree, features[:1], options={id(tree): {"zipmap": False}}, target_opset=18)
    onnx.graph.input[0].name = "features"
    for node in onnx.graph.node:
        node.input[:] = ["features" if one == "X" else one for one in node.input]
    subject = subject_of(onnx.SerializeToString(), ["a", "b", "c", "d"])
    return subject, (label[:400], Inputs(features[:400])), (label[400:], Inputs(features[400:]))


def test_membership_of_a_model_that_learned_by_heart_is_given_away() -> None:
    subject, members, others = learned(None)
    found = {one.group: one for one in membership.of(subject, members, others, rows=800, confidence=0.95, seed=1)}
    assert bounds(found["loss_threshold"])[0] > 0.55
    assert bounds(found["black_box_forest"])[0] > 0.5


def test_membership_of_a_model_that_generalises_is_hidden() -> None:
    subject, members, others = learned(1)
    found = membership.of(subject, members, others, rows=800, confidence=0.99, seed=1)
    assert all(holds(one, 0.5) for one in found)


def test_membership_of_too_few_rows_is_not_measured() -> None:
    subject, (truth, rows), others = learned(1)
    assert membership.of(subject, (truth[:20], rows[:20]), others, rows=800, confidence=0.95, seed=1) == []
