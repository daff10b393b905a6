"""The preparation of version 1 of the grammar: its recipes keep these steps, and so the bytes of their models."""

from collections.abc import Mapping

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# A level of its own for a missing category: no real code is as low, and float32 holds it exactly.
MISSING_LEVEL = float(-(2**31))


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
