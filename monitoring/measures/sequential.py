"""An alarm that may be looked at for ever: one test's p-values, look after look, weighed into evidence that holds up.

A threshold on each look's p-value alarms once in 1/threshold looks although nothing changed: every twentieth day at
0.05. The e-detector (J. Shin, A. Ramdas and A. Rinaldo, New England Journal of Statistics in Data Science 2 (2024),
229-260) rings after fewer than `looks_between` looks on average only if something did change, however long it runs.
Each p-value becomes a bet by the mixture of V. Vovk and R. Wang (Annals of Statistics 49 (2021), 1736-1754),
integral of k p^(k-1) over k in (0, 1) = (1 - p + p ln p) / (p ln(p)^2), whose mean is 1 where nothing changed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

LOG_10 = math.log(10.0)
# Near p = 1 the formula is 0/0; there its series counts: 1/2 + (1 - p)/6 + (1 - p)^2/8 ...
NEAR_ONE = 1e-3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the looks so far weigh: `log_e` is the natural logarithm of the detector (minus infinity at the start)."""

    log_e: float = -math.inf
    looks: int = 0


def log_bet(log10_p: float) -> float:
    """The natural logarithm of the bet on a p-value given as its decimal logarithm, which never underflows.

    Raises ValueError for NaN, for p above 1 and for p = 0: a look without a p-value is no look.
    """
    if not -math.inf < log10_p <= 0:
        raise ValueError(f"{log10_p} is not the logarithm of a p-value")
    log_p = log10_p * LOG_10
    p = math.exp(log_p)
    if 1 - p < NEAR_ONE:
        return math.log(0.5 + (1 - p) / 6 + (1 - p) ** 2 / 8)
    # (1 - p + p ln p) loses no digits worth having: it is at least half of (1 - p)^2, and p is not near 1 here.
    return math.log(1 - p + p * log_p) - log_p - 2 * math.log(-log_p)


def weigh(evidence: Evidence, log10_p: float) -> Evidence:
    """One look more: M = (M + 1) x bet. The windows of the looks must not share rows."""
    before = 0.0 if evidence.log_e == -math.inf else _log_plus_one(evidence.log_e)
    return Evidence(before + log_bet(log10_p), evidence.looks + 1)


def rings(evidence: Evidence, *, looks_between: int) -> bool:
    """Whether the evidence is worth an alarm, where false ones may come once in `looks_between` looks on average."""
    return evidence.log_e >= math.log(looks_between)


def simes(log10_ps: Iterable[float]) -> float:
    """The decimal logarithm of one p-value for several tests of one look (R. J. Simes, Biometrika 73 (1986), 751-754).

    Valid where the tests are independent or positively dependent. Raises ValueError on none and on NaN, which sorts
    anywhere and would pass for a p-value of 1.
    """
    ordered = sorted(log10_ps)
    if not ordered or any(math.isnan(one) for one in ordered):
        raise ValueError("there is no p-value")
    return min(0.0, *(one + math.log10(len(ordered) / rank) for rank, one in enumerate(ordered, 1)))


def _log_plus_one(log_e: float) -> float:
    return log_e + math.log1p(math.exp(-log_e)) if log_e > 0 else math.log1p(math.exp(log_e))
