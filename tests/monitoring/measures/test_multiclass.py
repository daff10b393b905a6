"""Several classes against scikit-learn, intervals against what they promise."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from monitoring.measures import multiclass
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures.estimates import bounds, holds

CLASSES = ["setosa", "versicolor", "virginica"]


def scored(seed: int, rows: int = 300, sure: float = 1.5) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Three classes, of which the middle one is rare, and probabilities that lean to the true one."""
    generator = np.random.default_rng(seed)
    label = generator.choice(3, size=rows, p=[0.5, 0.1, 0.4])
    logits = generator.normal(size=(rows, 3)) + sure * np.eye(3)[label]
    odds = np.exp(logits)
    return label, odds / odds.sum(axis=1, keepdims=True)


def whole(estimates: list[Estimate]) -> dict[str, Estimate]:
    return {one.metric: one for one in estimates if not one.attribute}


def test_classification_equals_scikit_learn() -> None:
    label, probable = scored(0)
    decision = probable.argmax(axis=1)
    found = whole(multiclass.classification(label, probable, classes=CLASSES, draws=20))
    averages = {
        f"{name}_{average}": getattr(metrics, f"{name}_score")(label, decision, average=average)
        for name in ("precision", "recall", "f1")
        for average in ("macro", "weighted")
    }
    expected = averages | {
        "accuracy": metrics.accuracy_score(label, decision),
        "mcc": metrics.matthews_corrcoef(label, decision),
        "log_loss": metrics.log_loss(label, probable),
        "brier": float(np.square(probable - np.eye(3)[label]).sum(axis=1).mean()),
        "roc_auc_macro": metrics.roc_auc_score(label, probable, multi_class="ovr"),
        "roc_auc_weighted": metrics.roc_auc_score(label, probable, multi_class="ovr", average="weighted"),
    }
    assert {name: found[name].value for name in expected} == pytest.approx(expected, abs=1e-12)


def test_classification_of_each_class_equals_scikit_learn() -> None:
    label, probable = scored(1)
    decision = probable.argmax(axis=1)
    found = {(one.metric, one.group): one.value for one in multiclass.classification(label, probable, classes=CLASSES)}
    precision, recall, _, _ = metrics.precision_recall_fscore_support(label, decision)
    for place, name in enumerate(CLASSES):
        assert found["precision", name] == pytest.approx(precision[place], abs=1e-12)
        assert found["recall", name] == pytest.approx(recall[place], abs=1e-12)
        area = metrics.roc_auc_score(label == place, probable[:, place])
        assert found["roc_auc", name] == pytest.approx(area, abs=1e-12)


def test_classification_twice_gives_equal_estimates() -> None:
    label, probable = scored(2)
    first, second = (multiclass.classification(label, probable, classes=CLASSES, draws=50) for _ in range(2))
    assert first == second


def test_every_interval_holds_its_value() -> None:
    label, probable = scored(3)
    for one in multiclass.classification(label, probable, classes=CLASSES, draws=200):
        low, high = bounds(one)
        assert one.value is not None
        assert low <= one.value <= high, one.metric


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth = {name: one.value for name, one in whole(multiclass.classification(*scored(99, 200_000), classes=CLASSES,
                                                                            draws=2)).items()}  # fmt: skip
    held = dict.fromkeys(("accuracy", "recall_macro", "f1_macro", "mcc", "log_loss", "roc_auc_macro"), 0)
    for seed in range(150):
        found = whole(multiclass.classification(*scored(seed), classes=CLASSES, confidence=0.9, draws=200))
        for name in held:
            held[name] += holds(found[name], truth[name] or 0.0)
    assert {name: count for name, count in held.items() if count / 150 < 0.83} == {}


def test_class_without_rows_leaves_the_areas_undefined() -> None:
    label, probable = scored(4)
    kept = label != 1
    found = whole(multiclass.classification(label[kept], probable[kept], classes=CLASSES, draws=20))
    assert found["roc_auc_macro"].value is None
    assert found["roc_auc_macro"].detail["reason"] == "1 classes have no rows"


def test_perfect_decisions_are_not_certain() -> None:
    label = np.repeat([0, 1, 2], 20)
    found = whole(multiclass.classification(label, np.eye(3)[label], classes=CLASSES, draws=500))
    for name in ("accuracy", "f1_macro", "mcc", "roc_auc_macro"):
        low, high = bounds(found[name])
        assert (found[name].value, high) == (1.0, 1.0)
        assert 0.8 < low < 1.0


def test_no_rows_have_no_figures() -> None:
    (only,) = multiclass.classification([], np.empty((0, 3)), classes=CLASSES)
    assert (only.value, only.detail["reason"]) == (None, "no rows")


def test_labels_beyond_the_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="indices of the classes"):
        multiclass.classification([0, 3], np.full((2, 3), 1 / 3), classes=CLASSES)


def test_compare_with_itself_differs_by_nothing() -> None:
    label, probable = scored(5)
    found = multiclass.compare(label, probable, probable, draws=50)
    assert {one.metric: (one.value, one.low, one.high) for one in found} == dict.fromkeys(
        ("accuracy", "log_loss", "brier", "f1_macro", "mcc"), (0.0, 0.0, 0.0)
    )


def test_compare_is_the_difference_of_both_models_figures() -> None:
    label, good = scored(6, sure=3.0)
    poor = scored(6, sure=0.5)[1]
    found = {one.metric: one for one in multiclass.compare(label, good, poor, draws=200)}
    sides = [whole(multiclass.classification(label, one, classes=CLASSES, draws=2)) for one in (good, poor)]
    for name, one in found.items():
        first, second = (side[name].value or 0.0 for side in sides)
        assert one.value == pytest.approx(first - second, abs=1e-12)
    assert (found["mcc"].low or 0.0) > 0 > (found["log_loss"].high or 0.0)
