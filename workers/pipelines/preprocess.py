"""The preparation of the features, fitted inside the pipeline so that no held-out row is ever seen by it."""

from collections.abc import Mapping

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from workers.pipelines.errors import TrainingRefused
from workers.pipelines.predict import Matrix

# A level of its own for a missing category: no real code is as low, and float32 holds it exactly.
MISSING_LEVEL = float(-(2**31))
# Above this float32 cannot tell neighbouring integers apart.
LARGEST_LEVEL = 2**24
LEVELS_AT_MOST = 500


def transformer(features: Mapping[str, str], *, scaled: bool) -> ColumnTransformer:
    """One-hot categories and imputed numbers, from a matrix whose columns are the features in their order."""
    positions = {
        kind: [i for i, of in enumerate(features.values()) if of == kind] for kind in ("numeric", "categorical")
    }
    return ColumnTransformer(
        [
            ("numeric", _numeric(scaled), positions["numeric"]),
            ("categorical", _categorical(), positions["categorical"]),
        ],
        sparse_threshold=0.0,
    )


def refuse_unusable(features: Mapping[str, str], rows: Matrix) -> None:
    """Raises TrainingRefused for a column without values, with infinite ones, or of categories that are no codes."""
    for position, (name, kind) in enumerate(features.items()):
        column = rows[:, position]
        if np.isnan(column).all():
            raise TrainingRefused(f"The feature {name!r} holds no values.", "Remove it from the features.")
        if np.isinf(column).any():
            raise TrainingRefused(
                f"The feature {name!r} holds infinite values, or values too large for float32.",
                "Replace them by numbers, or leave them missing.",
            )
        if kind == "categorical":
            _refuse_levels(name, column[~np.isnan(column)])


def levels(column: Matrix) -> list[int]:
    """The integer codes that a categorical column takes, sorted, without the missing ones."""
    return [int(level) for level in np.unique(column[~np.isnan(column)])]


def _numeric(scaled: bool) -> Pipeline:
    steps = [("impute", SimpleImputer(strategy="median", keep_empty_features=True))]
    return Pipeline([*steps, ("scale", StandardScaler())] if scaled else steps)


def _categorical() -> Pipeline:
    return Pipeline(
        [
            ("impute", SimpleImputer(strategy="constant", fill_value=MISSING_LEVEL, keep_empty_features=True)),
            ("encode", OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)),
        ]
    )


def _refuse_levels(name: str, present: Matrix) -> None:
    if not np.all((present == np.floor(present)) & (np.abs(present) <= LARGEST_LEVEL)):
        raise TrainingRefused(
            f"The categorical feature {name!r} holds values that are no whole numbers up to {LARGEST_LEVEL}.",
            "Encode its levels as integer codes, or declare it numeric.",
        )
    count = np.unique(present).size
    if count > LEVELS_AT_MOST:
        raise TrainingRefused(
            f"The categorical feature {name!r} has {count} levels, at most {LEVELS_AT_MOST} are allowed.",
            "Group its rare levels, or declare it numeric.",
        )
