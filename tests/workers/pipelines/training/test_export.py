"""The converted model: its interface, exactness on real numbers, and the refusal of one that answers otherwise."""

import numpy as np
import onnx
import pytest
from sklearn.datasets import load_breast_cancer

from workers.pipelines import fitting, predict, preparation, recipes
from workers.pipelines.errors import ConversionRefused
from workers.pipelines.training import export
from workers.pipelines.training.trained import Trained
from workers.pipelines.trials import Proposal


def test_to_onnx_has_one_input_and_plain_outputs(trained: Trained) -> None:
    model = onnx.load_from_string(trained.onnx)
    onnx.checker.check_model(model)
    session = predict.session(trained.onnx)
    assert [(one.name, one.type, one.shape) for one in session.get_inputs()] == [
        ("features", "tensor(float)", [None, 14])
    ]
    assert [(one.name, one.type) for one in session.get_outputs()] == [
        ("label", "tensor(int64)"),
        ("probabilities", "tensor(float)"),
    ]
    assert model.graph.name == "model"


@pytest.mark.parametrize("name", ["logistic_regression", "hist_gradient_boosting", "random_forest", "extra_trees"])
def test_verify_measurements_with_many_digits_convert_without_a_flip(name: str) -> None:
    data = load_breast_cancer()
    rows = data.data.astype(np.float32)
    features = {f"f{i:02}": "numeric" for i in range(rows.shape[1])}
    recipe = recipes.validate(
        {"task": "binary_classification", "label": "y", "features": features, "estimator": {"name": name}}
    )
    layout = preparation.bind(recipe.plan)
    fitted = fitting.unfitted(recipe, layout, Proposal(1, name, {})).fit(rows, data.target)
    parity = export.verify(fitted, export.to_onnx(fitted), rows, 0.5)
    assert (parity.rows, parity.label_flips, parity.decision_flips) == (569, 0, 0)
    assert parity.difference_max < 1e-5


def test_verify_model_of_other_rows_is_refused_with_the_difference(trained: Trained) -> None:
    rows = np.zeros((200, 14), dtype=np.float32)
    rows[:, 0] = np.arange(200)
    model = onnx.load_from_string(trained.onnx)
    (classifier,) = [node for node in model.graph.node if node.op_type == "LinearClassifier"]
    (intercepts,) = [attribute for attribute in classifier.attribute if attribute.name == "intercepts"]
    intercepts.floats[1] += 0.1
    with pytest.raises(ConversionRefused, match=r"On 200 rows .* differ by 0\.00\d+ at the 99\.9 percentile"):
        export.verify(trained.pipeline, model.SerializeToString(), rows, 0.5)


def test_verify_decision_changed_by_the_smallest_difference_is_refused(trained: Trained) -> None:
    rows = np.zeros((200, 14), dtype=np.float32)
    rows[:, 0] = np.arange(200)
    one, other = predict.score(trained.onnx, rows), trained.pipeline.predict_proba(rows)[:, 1]
    row = int(np.argmax(np.abs(one - other)))
    with pytest.raises(ConversionRefused, match="changed 0 labels and 1 decisions"):
        export.verify(trained.pipeline, trained.onnx, rows, float((one[row] + other[row]) / 2))
