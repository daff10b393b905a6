"""Unequal classes: what is drawn, the same again, and never from rows that judge."""

from typing import Any

import numpy as np
import pytest

from tests.workers.pipelines.tables import quiet, recipe_for, shipped
from workers.pipelines import recipes
from workers.pipelines.fitting import sampling
from workers.pipelines.recipes import Recipe
from workers.pipelines.training import train

LABELS = np.array([0] * 90 + [1] * 10)


def recipe(**imbalance: Any) -> Recipe:
    return recipes.validate(recipe_for("binary_classification", "gaussian_nb", imbalance=imbalance))


@pytest.mark.parametrize(
    ("imbalance", "counts"),
    [
        ({"kind": "oversample"}, [90, 90]),
        ({"kind": "oversample", "ratio": 0.5}, [90, 45]),
        ({"kind": "undersample"}, [10, 10]),
        ({"kind": "undersample", "ratio": 0.5}, [20, 10]),
    ],
)
def test_drawn_rows_have_the_declared_ratio(imbalance: dict[str, Any], counts: list[int]) -> None:
    index = sampling.drawn(recipe(**imbalance), LABELS)
    assert index is not None
    assert np.bincount(LABELS[index]).tolist() == counts
    again = sampling.drawn(recipe(**imbalance), LABELS)
    assert index.tolist() == (again.tolist() if again is not None else None)


def test_oversampled_keeps_every_row() -> None:
    index = sampling.drawn(recipe(kind="oversample"), LABELS)
    assert set(index.tolist() if index is not None else []) == set(range(100))


def test_weights_make_classes_equal() -> None:
    weights = sampling.weights(recipe(kind="class_weight"), LABELS)
    assert weights is not None
    assert weights[LABELS == 0].sum() == pytest.approx(weights[LABELS == 1].sum())


@pytest.mark.parametrize("kind", ["oversample", "undersample", "class_weight"])
def test_train_with_imbalance_converts_and_keeps_the_judging_rows(kind: str) -> None:
    document = recipe_for("binary_classification", "gradient_boosting", imbalance={"kind": kind})
    trained = train.train(recipes.validate(document), shipped("binary_classification"), quiet)
    assert trained.splits["train"]["rows"] == 398
    assert trained.parity["label_flips"] == 0
