"""One seed a recipe, and from it one for each purpose, so that no two draws share a stream and none is global.

Holdout, folds and the estimator take the recipe's seed itself, as version 1 of the grammar promised.
"""

import hashlib

import numpy as np


def spawned(seed: int, purpose: str) -> int:
    """The seed of a purpose, below 2**32: the same in every process, unrelated between purposes."""
    key = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "big")
    return int(np.random.SeedSequence([seed, key]).generate_state(1)[0])


def generator(seed: int, purpose: str) -> np.random.Generator:
    """The stream of a purpose."""
    return np.random.default_rng(spawned(seed, purpose))
