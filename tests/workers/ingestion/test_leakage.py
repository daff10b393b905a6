"""Leakage: each way in which a table and a split let a model see what it will not have."""

import numpy as np
import pyarrow as pa
import pytest

from workers.ingestion import leakage

RANDOM = np.random.default_rng(3)
LABEL = RANDOM.integers(0, 2, 400)
TABLE = pa.table(
    {
        "y": LABEL,
        "copy": LABEL * 2.5 + 1,
        "noise": RANDOM.normal(size=400),
        "level": np.where(LABEL == 1, "yes", "no"),
        "household": [f"h{number // 2}" for number in range(400)],
        "y_last_year": RANDOM.normal(size=400),
    }
)
TRAIN, HOLDOUT = np.arange(0, 300), np.arange(300, 400)


def found(metric: str, **asked: object) -> dict[str, tuple[float, bool]]:
    features = ["copy", "noise", "level", "y_last_year"]
    given: dict[str, object] = {"label": "y", "features": features, "train": TRAIN, "holdout": HOLDOUT, **asked}
    leaks = leakage.find(TABLE, **given)  # type: ignore[arg-type]
    return {leak.column: (leak.value, leak.suspect) for leak in leaks if leak.metric == metric}


def test_columns_that_give_the_label_away_are_suspect_and_noise_is_not() -> None:
    strong = found("single_column")
    assert (strong["copy"], strong["level"]) == ((1.0, True), (1.0, True))
    assert strong["noise"][0] < 0.6
    assert not strong["noise"][1]


def test_feature_called_like_the_label_is_told() -> None:
    assert found("telling_name") == {"y_last_year": (1.0, True)}


def test_rows_repeated_across_the_split_are_counted() -> None:
    table = pa.table({"a": [1, 2, 3, 1, 9], "b": ["x", None, "x", "x", "x"], "y": [0, 1, 0, 0, 1]})
    train, holdout = np.array([0, 1, 2]), np.array([3, 4])
    within, across = leakage.duplicates(table, features=["a", "b"], label="y", train=train, holdout=holdout)
    assert (within.value, within.n, within.detail) == (0.2, 5, {"rows": 1})
    assert (across.value, across.n, across.suspect) == (0.5, 2, True)


@pytest.mark.parametrize(("border", "value"), [(300, 0.0), (301, 1 / 99)])
def test_groups_in_both_parts_are_found(border: int, value: float) -> None:
    leaks = found("group_overlap", group="household", train=np.arange(border), holdout=np.arange(border, 400))
    assert leaks == {"household": (value, value > 0)}


def test_strength_for_numbers_is_their_correlation() -> None:
    target = RANDOM.normal(size=200)
    table = pa.table({"y": target, "same": target * -3, "other": RANDOM.normal(size=200)})
    same, other = leakage.strengths(table, label="y", features=["same", "other"])
    assert (round(same.value, 12), same.suspect, other.suspect) == (1.0, True, False)
