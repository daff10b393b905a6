"""Splits: by class, by group, by time; each refuses what it cannot divide, with the cause and the remedy."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from workers.pipelines import recipes
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.fitting import folds
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample
from workers.pipelines.training import inputs, train

N = 200


def visits() -> pa.Table:
    """Five visits each of 40 people, one a day over 50 days, four people a day."""
    rows = np.arange(N)
    return pa.table(
        {
            "x": rows % 17,
            "person": rows % 40,
            "day": rows // 4,
            "y": (rows * 7 % 3 == 0).astype(int),
            "cost": rows * 1.0,
        }
    )


def recipe(**more: Any) -> Recipe:
    smallest = {
        "task": "binary_classification",
        "label": "y",
        "features": {"x": "numeric"},
        "estimator": {"name": "decision_tree"},
        "cross_validation": {"folds": 3},
    }
    return recipes.validate(smallest | more)


def whole(of: Recipe) -> Sample:
    return inputs.of(of, visits()).whole


def test_splits_by_group_have_nobody_on_both_sides() -> None:
    of = recipe(cross_validation={"kind": "group", "folds": 4, "group": "person"})
    sample = whole(of)
    assert sample.groups is not None
    for seen, unseen in folds.splits(of, sample):
        assert not set(sample.groups[seen]) & set(sample.groups[unseen])


def test_splits_by_time_judge_later_moments_only() -> None:
    of = recipe(cross_validation={"kind": "time", "folds": 4, "time": "day"})
    sample = whole(of)
    assert sample.times is not None
    assert all(sample.times[seen].max() < sample.times[unseen].min() for seen, unseen in folds.splits(of, sample))


def test_holdout_by_time_is_the_latest_share() -> None:
    of = recipe(holdout={"share": 0.2, "kind": "time", "time": "day"})
    assert inputs.holdout_rows(of, visits()).tolist() == list(range(160, 200))


def test_holdout_by_group_is_whole_groups() -> None:
    of = recipe(holdout={"share": 0.25, "kind": "group", "group": "person"})
    held = inputs.holdout_rows(of, visits())
    people = visits()["person"].to_numpy()
    assert len(held) == 50
    assert len(set(people[held])) == 10


def test_holdout_rows_are_those_of_the_run() -> None:
    of = recipe()
    ready = inputs.of(of, visits())
    assert inputs.holdout_rows(of, visits()).tolist() == ready.holdout_index.tolist()


def test_splits_repeated_judge_every_row_as_often() -> None:
    of = recipe(cross_validation={"kind": "repeated", "folds": 4, "repeats": 3})
    judged = np.concatenate([unseen for _, unseen in folds.splits(of, whole(of))])
    assert set(np.bincount(judged)) == {3}


@pytest.mark.parametrize("kind", ["stratified", "group", "time"])
def test_partition_judges_every_row_once(kind: str) -> None:
    column = {"group": {"group": "person"}, "time": {"time": "day"}}.get(kind, {})
    of = recipe(cross_validation={"kind": kind, "folds": 3, **column})
    judged = np.concatenate([unseen for _, unseen in folds.partition(of, whole(of), 3, "calibration")])
    assert sorted(judged) == list(range(N))


@pytest.mark.parametrize("column", [{"kind": "group", "group": "person"}, {"kind": "time", "time": "day"}])
def test_train_early_stopping_by_group_or_time_ends_early_and_sees_no_held_out_row(column: dict[str, str]) -> None:
    of = recipe(
        estimator={"name": "hist_gradient_boosting", "parameters": {"max_iter": 300}},
        early_stopping={"rounds": 2},
        cross_validation={"folds": 3, **column},
        holdout={"share": 0.2, **column},
    )
    table, held = visits(), inputs.holdout_rows(of, visits())
    labels = table["y"].to_numpy().copy()
    labels[held] = 1 - labels[held]
    changed = table.set_column(table.column_names.index("y"), "y", pa.array(labels))
    one, other = (train.train(of, rows, lambda share, step: None) for rows in (table, changed))
    steps = {curve["series"]: curve["points"][-1][0] for curve in one.curves}
    assert (one.onnx, one.metrics) == (other.onnx, other.metrics)
    assert 0 < steps["validation"] == steps["train"] < 300


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"cross_validation": {"kind": "group", "folds": 3, "group": "house"}},
        "The data has no column 'house', the group",
    ),
    ({"cross_validation": {"kind": "group", "folds": 3, "group": "gaps"}}, "The column 'gaps' is missing in 1 rows"),
    (
        {"cross_validation": {"kind": "group", "folds": 3, "group": "sex"}},
        "The data has 2 groups: too few for 3 folds.",
    ),
    ({"cross_validation": {"kind": "time", "folds": 3, "time": "sex"}}, "The data has 2 moments: too few for 3 folds"),
    ({"cross_validation": {"kind": "time", "folds": 3, "time": "order"}}, "Fold 1 does not see every class of 'y'."),
]


@pytest.mark.parametrize(("change", "detail"), REFUSED)
def test_train_data_that_cannot_be_split_is_refused(change: dict[str, Any], detail: str) -> None:
    order = visits()["y"].to_numpy().argsort(kind="stable").argsort()
    more = {"gaps": [None, *range(1, N)], "sex": np.arange(N) % 2, "order": order}
    table = visits()
    for name, values in more.items():
        table = table.append_column(name, pa.array(values))
    with pytest.raises(TrainingRefused) as refused:
        train.train(recipe(**change), table, lambda share, step: None)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy
