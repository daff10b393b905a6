"""What a comparison of two samples of one column says."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from monitoring.kernels.prepared import Prepared

LOG_10 = math.log(10.0)
Law = Literal["exact", "asymptotic"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The effect size, its p-value under no difference, and how many rows of the window stand behind them.

    `p_value` may underflow to 0, `log10_p` never does; both are None where the method has no test. `n` rows of the
    window were compared, `infinite` of them infinite; `missing` more were left out. P-values take the column as
    continuous: with ties they are too large rather than too small.
    """

    statistic: float
    p_value: float | None
    log10_p: float | None
    law: Law | None
    n: int
    missing: int
    infinite: int


class Aside(NamedTuple):
    """Rows of the window that were compared, those that are missing, and how many of the first are infinite."""

    n: int
    missing: int
    infinite: int

    @classmethod
    def of(cls, window: Prepared) -> Self:
        return cls(window.n, window.missing, window.low + window.high)


def measured(statistic: float, log_p: float, law: Law, aside: Aside) -> Comparison:
    """A statistic with the natural logarithm of its p-value."""
    return Comparison(statistic, math.exp(log_p), log_p / LOG_10, law, *aside)


def untested(statistic: float, aside: Aside) -> Comparison:
    """A statistic without a test."""
    return Comparison(statistic, None, None, None, *aside)


def log_separation(n: int, m: int) -> float:
    """log of the chance that one of two samples lies wholly above the other: no two-sided test can be surer."""
    ways = math.lgamma(n + m + 1) - math.lgamma(n + 1) - math.lgamma(m + 1)
    return min(0.0, math.log(2.0) - ways)
