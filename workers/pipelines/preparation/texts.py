"""Free text as weights of its words: tf-idf over a vocabulary learned from the rows fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from workers.pipelines.errors import TrainingRefused
from workers.pipelines.preparation.ops import TOKEN, Array, Ops


@dataclass
class Weighted:
    """A fitted text: its terms and their inverse document frequencies; each row is scaled to the length 1."""

    name: str
    terms: list[str]
    weights: Array

    @classmethod
    def fit(cls, name: str, column: Array, options: Mapping[str, Any]) -> "Weighted":
        counter = CountVectorizer(
            token_pattern=TOKEN,
            lowercase=False,
            ngram_range=(1, options["ngrams"]),
            min_df=min(options["min_rows"], len(column)),
            max_features=options["max_terms"],
        )
        try:
            counts = counter.fit_transform(column.ravel())
        except ValueError as error:
            raise TrainingRefused(
                f"The text {name!r} has no word that stands in {options['min_rows']} rows.",
                "Lower `min_rows`, or remove the feature.",
            ) from error
        rows = np.asarray((counts > 0).sum(axis=0)).ravel()
        weights = np.log((1 + len(column)) / (1 + rows)) + 1
        return cls(name, counter.get_feature_names_out().tolist(), weights.reshape(1, -1))

    def run(self, ops: Ops[Any], column: Any) -> Any:
        weighted = ops.mul(ops.doubles(ops.terms(column, self.terms)), self.weights)
        length = ops.sqrt(ops.sum(ops.mul(weighted, weighted)))
        empty = ops.equal(length, np.array([0], dtype=np.float64))
        return ops.floats(ops.div(weighted, ops.where(empty, np.array([1], dtype=np.float64), length)))

    @property
    def names(self) -> list[str]:
        return [f"{self.name}:{term}" for term in self.terms]
