"""The preparation as scikit-learn takes it: fitted inside the pipeline, on the training rows and no others."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from workers.pipelines import matrices
from workers.pipelines.matrices import Matrix, Rows
from workers.pipelines.preparation import fitting
from workers.pipelines.preparation.layout import Layout
from workers.pipelines.preparation.ops import Array, Arrays, Ops

ARRAYS = Arrays()


class Preparation(TransformerMixin, BaseEstimator):
    """Rows in, a dense float32 matrix out; every statistic is that of the rows it was fitted on."""

    def __init__(
        self, layout: Layout, *, task: str = "binary_classification", scaled: bool = False, seed: int = 0
    ) -> None:
        self.layout = layout
        self.task = task
        self.scaled = scaled
        self.seed = seed

    def fit(self, rows: Rows, labels: Array | None = None) -> "Preparation":
        self.fit_transform(rows, labels)
        return self

    def fit_transform(self, rows: Rows, labels: Array | None = None) -> Matrix:
        """Fit, and the prepared rows; the target encoding of a row does not know the row's own label."""
        given = matrices.split(rows)
        self.fitted_, crossed = fitting.fit(
            self.layout, given, labels, task=self.task, scaled=self.scaled, seed=self.seed
        )
        blocks = self.fitted_.run(ARRAYS, given.features, given.texts, crossed)
        self.n_features_in_ = self.layout.features + self.layout.texts
        self.names_ = [name for block in blocks for name in block.names]
        prepared = np.concatenate([np.empty((len(given), 0), np.float32), *[one.columns for one in blocks]], axis=1)
        fitting.refuse_unusable(prepared, self.names_)
        return prepared

    def transform(self, rows: Rows) -> Matrix:
        given = matrices.split(rows)
        return np.asarray(self.run(ARRAYS, given.features, given.texts))

    def run(self, ops: Ops[Any], features: Any, texts: Any) -> Any:
        """The fitted steps on either kind of operations."""
        return ops.concat([block.columns for block in self.fitted_.run(ops, features, texts, {})])

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """What each column of the prepared matrix is."""
        return np.array(self.names_, dtype=object)
