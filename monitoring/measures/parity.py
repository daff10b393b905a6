"""How far the groups of an attribute lie apart in a rate: the difference and the ratio of the farthest two.

Values are fairlearn's demographic_parity_difference, equalized_odds_ratio and so on, over the included groups.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.group_cells import Attribute
from monitoring.measures.rates import RATES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: A criterion's rates; with several it is as good as the worst of them.
CRITERIA = {
    "demographic_parity": ("selection_rate",),
    "equal_opportunity": ("true_positive_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
    "predictive_parity": ("precision",),
}
DIFFERENCE_METHOD = "multinomial bootstrap over group cells, range of the error"
RATIO_METHOD = "multinomial bootstrap over group cells, range of the error on the log scale"


def criteria(
    attribute: Attribute, drawn: Integers, confidence: float, recorded: Detail, *, labelled: bool
) -> Iterator[Estimate]:
    """Each criterion's difference, 0 where groups are treated alike, and its ratio, 1 there.

    Noise only adds to a range, so that percentiles of resampled ranges miss a fair 0. By the triangle inequality the
    error of the range is at most the range of the errors, whose quantile is the reach to each side.
    """
    for criterion, metrics in CRITERIA.items():
        if labelled or metrics == ("selection_rate",):
            ranges = [_Range.of(attribute, drawn, metric) for metric in metrics]
            yield _difference(criterion, attribute, ranges, confidence, recorded)
            yield _ratio(criterion, attribute, ranges, confidence, recorded)


@dataclass(frozen=True, slots=True)
class _Range:
    """A rate of the included groups that have rows for it, and the error of it in each draw, plain and as logarithm."""

    rates: Floats  # (groups,)
    errors: Floats  # (draws, groups)
    logs: Floats  # of the rates, smoothed by half a row
    log_errors: Floats
    n: int

    @classmethod
    def of(cls, attribute: Attribute, drawn: Integers, metric: str) -> "_Range":
        hits, rows = RATES[metric].counted(attribute.counts)
        used = attribute.included & (rows > 0)
        hits, rows = hits[used], rows[used]
        again, among = (part[:, used] for part in RATES[metric].counted(drawn))
        rates, logs = hits / rows, np.log((hits + 0.5) / (rows + 1.0))
        # A draw without rows of a group says nothing of its rate: no error.
        present = among > 0
        errors = np.where(present, again / np.maximum(among, 1) - rates, 0.0)
        log_errors = np.where(present, np.log((again + 0.5) / (among + 1.0)) - logs, 0.0)
        return cls(rates, errors, logs, log_errors, int(rows.sum()))


def _difference(
    criterion: str, attribute: Attribute, ranges: list[_Range], confidence: float, recorded: Detail
) -> Estimate:
    one = _undefined(f"{criterion}_difference", DIFFERENCE_METHOD, attribute, ranges, confidence, recorded)
    if "reason" in one.detail:
        return one
    value = max(float(np.ptp(each.rates)) for each in ranges)
    reach = _reach([each.errors for each in ranges], confidence)
    return replace(one, value=value, low=max(0.0, value - reach), high=min(1.0, value + reach))


def _ratio(criterion: str, attribute: Attribute, ranges: list[_Range], confidence: float, recorded: Detail) -> Estimate:
    one = _undefined(f"{criterion}_ratio", RATIO_METHOD, attribute, ranges, confidence, recorded)
    if "reason" not in one.detail and any(each.rates.max() == 0.0 for each in ranges):
        one.detail["reason"] = "a rate is 0 in every group"
    if "reason" in one.detail:
        return one
    value = min(float(each.rates.min() / each.rates.max()) for each in ranges)
    centre = -max(float(np.ptp(each.logs)) for each in ranges)
    reach = _reach([each.log_errors for each in ranges], confidence)
    # The bounds are of a ratio smoothed by half a row: where that matters, stretch them to the plain one.
    low, high = math.exp(centre - reach), min(1.0, math.exp(centre + reach))
    return replace(one, value=value, low=min(value, low), high=max(value, high))


def _undefined(
    metric: str, method: str, attribute: Attribute, ranges: list[_Range], confidence: float, recorded: Detail
) -> Estimate:
    """The estimate before it has a value, with the reason if there are not two groups to compare."""
    compared = min(each.rates.size for each in ranges)
    detail: Detail = {"groups": compared, "excluded": int((~attribute.included).sum()), **recorded}
    if compared < 2:
        detail["reason"] = "fewer than two groups to compare"
    n = max(each.n for each in ranges)
    return Estimate(metric, None, None, None, confidence, n, method, attribute.name, detail=detail)


def _reach(errors: list[Floats], confidence: float) -> float:
    return float(np.quantile(np.max([np.ptp(one, axis=1) for one in errors], axis=0), confidence))
