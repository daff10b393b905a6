"""Labels as numbers for each task, and refusals that name the cause."""

from typing import Any

import pyarrow as pa
import pytest

from tests.workers.pipelines.tables import recipe_for
from workers.pipelines import labels, recipes
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.training import train

MANY = "multiclass_classification"


def read(task: str, values: list[Any]) -> list[Any]:
    name = "ridge" if task == "regression" else "gaussian_nb"
    return labels.labels_of(recipes.validate(recipe_for(task, name)), pa.table({"y": values})).tolist()


def test_labels_of_each_task_are_numbers() -> None:
    assert read("binary_classification", [True, False]) == [1, 0]
    assert read(MANY, ["red", "blue", "green"]) == [2, 0, 1]
    assert read(MANY, [30, 10, 20]) == [2, 0, 1]
    assert read("regression", [1, 2]) == [1.0, 2.0]


def test_classes_of_another_table_keep_the_models_order() -> None:
    recipe = recipes.validate(recipe_for(MANY, "gaussian_nb"))
    assert labels.labels_of(recipe, pa.table({"y": ["b"]}), ["a", "b", "c"]).tolist() == [1]
    with pytest.raises(TrainingRefused, match="has classes that the model does not know: d"):
        labels.labels_of(recipe, pa.table({"y": ["d"]}), ["a", "b", "c"])


REFUSED: list[tuple[str, list[Any], str]] = [
    ("regression", [1.0, float("nan")], "The label 'y' is missing in 1 rows."),
    ("binary_classification", [1.0, float("nan")], "The label 'y' is missing in 1 rows."),
    (MANY, ["a", None], "The label 'y' is missing in 1 rows."),
    (MANY, ["a", "a"], "The label 'y' has 1 classes"),
    (MANY, [0.5, 1.5], "The label 'y' holds number values."),
    ("regression", [3, 3], "The label 'y' has one value in all rows."),
    ("regression", ["a", "b"], "The label 'y' is no number."),
    ("regression", [1.0, float("inf")], "The label 'y' holds infinite values."),
]


@pytest.mark.parametrize(("task", "values", "detail"), REFUSED)
def test_labels_that_cannot_be_learned_are_refused(task: str, values: list[Any], detail: str) -> None:
    with pytest.raises(TrainingRefused) as refused:
        read(task, values)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy


def test_train_class_with_too_few_rows_is_named() -> None:
    recipe = recipes.validate(recipe_for(MANY, "gaussian_nb"))
    columns = {name: list(range(61)) for name in recipe.features}
    table = pa.table({**columns, "y": [*["a", "b"] * 30, "rare"]})
    with pytest.raises(TrainingRefused, match="The class 'rare' has 1 rows: too few for 2 folds and a holdout"):
        train.train(recipe, table, lambda share, step: None)
