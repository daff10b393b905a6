"""Whether p-values are what they say where nothing has drifted: the share of them up to a level, over many windows."""

from collections.abc import Callable, Iterator

import numpy as np

from monitoring.kernels import anderson_darling, cramer_von_mises, ks
from monitoring.kernels.pairs import pair
from monitoring.kernels.prepared import prepare

WINDOWS = 4_000
LEVELS = (0.01, 0.05, 0.10)
HEAD = ("column", "reference, window", "Kolmogorov-Smirnov", "Cramer-von Mises", "Anderson-Darling")
METHODS = (ks.compare, cramer_von_mises.compare, anderson_darling.compare)
Draw = Callable[[np.random.Generator, int], np.ndarray]
COLUMNS: dict[str, Draw] = {
    "normal": lambda random, size: random.normal(size=size),
    "lognormal": lambda random, size: random.lognormal(sigma=3.0, size=size),
    "whole numbers, 80 levels": lambda random, size: random.integers(0, 80, size),
    "half zeros": lambda random, size: random.normal(size=size) * random.integers(0, 2, size),
    "whole numbers, 10 levels": lambda random, size: random.integers(0, 10, size),
}


def rows() -> Iterator[tuple[str, ...]]:
    """One row of the table for each kind of column and pair of sizes."""
    random = np.random.default_rng(0)
    for name, draw in COLUMNS.items():
        for n, m in ((10, 10), (200, 150), (1_500, 1_000), (20_000, 500)):
            p_values = np.array([tested(draw, random, n, m) for _ in range(WINDOWS)])
            shares = [(p_values <= level).mean(axis=0) for level in LEVELS]
            yield (
                name,
                f"{n:,}, {m:,}",
                *(", ".join(f"{share:.1%}" for share in one) for one in zip(*shares, strict=True)),
            )


def tested(draw: Draw, random: np.random.Generator, n: int, m: int) -> list[float | None]:
    reference = prepare(draw(random, n))
    samples = pair(reference, prepare(draw(random, m), like=reference))
    return [compare(samples).p_value for compare in METHODS]
