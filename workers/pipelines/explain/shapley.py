"""SHAP values of any served model: what each feature adds to an answer, against the answers of a fixed background.

Reference: S. Lundberg and S.-I. Lee, NeurIPS 30 (2017), by the antithetic permutations of the package shap: orders of
the features are drawn, and what each adds in them is averaged. With the expected answer they add up to the answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from workers.pipelines.evaluation.subject import Progress
from workers.pipelines.explain.parts import Ids, Pool, Values

PERMUTATIONS = 10
#: Model calls for one row, at most: as many permutations as fit, and at least one.
CALLS = 3_000


@dataclass(frozen=True)
class Shapley:
    """`values` (rows, parts, outputs) and `expected` (outputs): together they are the answers."""

    values: Values
    expected: Values


def explain(pool: Pool, rows: Ids, background: Ids, *, seed: int, progress: Progress) -> Shapley:
    """The SHAP values of the pool's rows against the mean answer of its background rows; equal for an equal seed."""
    import shap  # slow to import, and needed for explanations only
    from shap.maskers import Independent

    masker = Independent(pool.own(background), max_samples=len(background))
    evaluations = _evaluations(len(pool.parts))
    values, expected = [], np.zeros(0)
    with _seeded(seed):
        explainer = shap.PermutationExplainer(lambda ids: pool.answers(np.asarray(ids, dtype=np.int64)), masker)
        for done, row in enumerate(rows):
            # One row at a time, so that its values depend on the seed and on itself alone.
            np.random.seed(_seed_of(seed, done))
            found = explainer(pool.own([row]), max_evals=evaluations, silent=True)
            values.append(found.values[0].reshape(len(pool.parts), -1))
            expected = np.atleast_1d(found.base_values[0])
            progress((done + 1) / len(rows), f"SHAP, row {done + 1} of {len(rows)}")
    return Shapley(np.array(values), expected)


def _evaluations(parts: int) -> int:
    once = 2 * parts + 1
    return once * max(1, min(PERMUTATIONS, CALLS // once))


def _seed_of(seed: int, row: int) -> int:
    return int(np.random.SeedSequence([seed, row]).generate_state(1)[0])


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """shap draws from NumPy's global generator: it is set for the while, and given back as it was."""
    before: Any = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        np.random.set_state(before)
