"""Whether decisions and errors fall equally on groups of people, and on their intersections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import group_cells, intervals
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.group_cells import EVERY, NEGATIVE, POSITIVE, Attribute

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Numbers = tuple[float | None, float | None, float | None]  # value, low, high

UNDEFINED: Numbers = (None, None, None)
RATE_METHOD = "Wilson, simultaneous by Sidak"
RATIO_METHOD = "multinomial bootstrap over group cells, simultaneous by max-t on the log scale"
DIFFERENCE_METHOD = "multinomial bootstrap over group cells, range of the error"


@dataclass(frozen=True, slots=True)
class _Settings:
    confidence: float
    draws: int
    seed: int
    least_share: float

    @property
    def recorded(self) -> Detail:
        return {"draws": self.draws, "seed": self.seed}


def selection(
    decision: ArrayLike,
    groups: Mapping[str, ArrayLike],
    y_true: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
    exclude_below_share: float = 0.02,
) -> list[Estimate]:
    """Estimate how binary decisions (1 is the favourable one) fall on the groups of each attribute and each pair.

    Per group: selection_rate, impact_ratio (over the highest rate of an included group) and, with labels,
    true_positive_rate and false_positive_rate. Per attribute: demographic_parity_difference and, with labels,
    equalized_odds_difference (the larger range of the two rates), both over its included groups.

    Included are the groups with at least `exclude_below_share` of the rows (`detail["share"]`). The others, and people
    whose category is missing (group "unknown", `detail["unknown"]`), are reported with `detail["excluded"]` and are
    never the reference. Rows without a label count for decisions only. Raises ValueError on decisions other than 0 and
    1 and labels other than 0, 1 and missing.

    The intervals of one metric over the included groups of one attribute hold together at `confidence`
    (`detail["simultaneous"]`, and how many they are: `family_size`); an excluded group's is made alike, outside that
    promise. An impact ratio's `detail` has alone_low and alone_high, the narrower
    interval for a question asked of that one group. Values agree with fairlearn's MetricFrame, except that a rate
    without rows is undefined here and 0 there.
    """
    settings = _Settings(confidence, draws, seed, exclude_below_share)
    attributes = group_cells.tally(decision, groups, y_true, least_share=exclude_below_share)
    used = [attribute for attribute in attributes if attribute.levels]
    return [estimate for one in used for estimate in _estimates(one, settings, labelled=y_true is not None)]


def _estimates(attribute: Attribute, settings: _Settings, *, labelled: bool) -> Iterator[Estimate]:
    drawn = group_cells.resample(attribute.counts, draws=settings.draws, seed=settings.seed)
    yield from _rates("selection_rate", EVERY, attribute, settings)
    yield from _impact_ratios(attribute, drawn, settings)
    yield _difference("demographic_parity_difference", attribute, [_Range.of(attribute, drawn, EVERY)], settings)
    if labelled:
        yield from _rates("true_positive_rate", POSITIVE, attribute, settings)
        yield from _rates("false_positive_rate", NEGATIVE, attribute, settings)
        ranges = [_Range.of(attribute, drawn, label) for label in (POSITIVE, NEGATIVE)]
        yield _difference("equalized_odds_difference", attribute, ranges, settings)


def _rates(metric: str, label: slice, attribute: Attribute, settings: _Settings) -> Iterator[Estimate]:
    # Given their sizes the groups are independent samples, so Sidak's correction is exact.
    each = intervals.sidak(settings.confidence, int(attribute.included.sum()))
    selected, rows = (part.tolist() for part in group_cells.positives(attribute.counts, label))
    for group, (level, k, n) in enumerate(zip(attribute.levels, selected, rows, strict=True)):
        detail = _standing(attribute, group) | ({"count": k} if n else {"reason": "no rows"})
        numbers: Numbers = (k / n, *intervals.wilson(k, n, each)) if n else UNDEFINED
        yield Estimate(metric, *numbers, settings.confidence, n, RATE_METHOD, attribute.name, level, detail)


def _impact_ratios(attribute: Attribute, drawn: Integers, settings: _Settings) -> Iterator[Estimate]:
    selected, rows = group_cells.positives(attribute.counts, EVERY)
    rate = selected / rows
    reference = int(np.argmax(np.where(attribute.included, rate, -1.0)))
    defined = bool(attribute.included[reference] and rate[reference] > 0)
    reason = "no one is selected" if attribute.included.any() else "no group is large enough"
    bounds = _ratio_bounds(attribute, drawn, settings.confidence) if defined else np.zeros((len(rate), 4))
    for group, level in enumerate(attribute.levels):
        detail = _standing(attribute, group)
        numbers: Numbers = UNDEFINED
        if defined:
            ratio = float(rate[group] / rate[reference])
            low, high, alone_low, alone_high = (float(bound) for bound in bounds[group])
            # The bounds are of a ratio smoothed by half a row: where that matters, stretch them to the plain one.
            numbers = ratio, min(ratio, low), max(ratio, high)
            detail |= {"reference": attribute.levels[reference], **settings.recorded}
            detail |= {"alone_low": min(ratio, alone_low), "alone_high": max(ratio, alone_high)}
        else:
            detail["reason"] = reason
        n = int(rows[group])
        yield Estimate("impact_ratio", *numbers, settings.confidence, n, RATIO_METHOD, attribute.name, level, detail)


def _ratio_bounds(attribute: Attribute, drawn: Integers, confidence: float) -> Floats:
    """Per group [low, high] holding together over the included groups, then the bounds of the group taken alone.

    The reference is chosen anew in each draw, so that it is as uncertain as it is in truth: the leading group's own
    interval reaches below 1 when another may lead. Each log ratio's error is measured in its standard error; the
    quantile of the largest over the included groups is the reach of all. No included group's true ratio exceeds 1.
    """
    centre = _log_ratios(attribute, attribute.counts)
    ratios = _log_ratios(attribute, drawn)
    spread = ratios.std(axis=0)
    varying = attribute.included & (spread > 0)
    largest = np.max(np.abs(ratios - centre)[:, varying] / spread[varying], axis=1, initial=0.0)
    # Where only the leading group is included nothing varies, and the excluded ones still need an interval.
    reach = max(float(np.quantile(largest, confidence)), intervals.normal_quantile(confidence)) * spread
    alone = np.quantile(np.abs(ratios - centre), confidence, axis=0)
    bounds: Floats = np.exp(np.column_stack([centre - reach, centre + reach, centre - alone, centre + alone]))
    bounds[attribute.included] = np.minimum(bounds[attribute.included], 1.0)
    return bounds


def _log_ratios(attribute: Attribute, counts: Integers) -> Floats:
    selected, rows = group_cells.positives(counts, EVERY)
    log_rate = np.log((selected + 0.5) / (rows + 1.0))
    best: Floats = log_rate[..., attribute.included].max(axis=-1, keepdims=True)
    return log_rate - best


@dataclass(frozen=True, slots=True)
class _Range:
    """A rate's range over the included groups that have rows, and the range of its error in each draw."""

    value: float
    errors: Floats
    n: int
    groups: int

    @classmethod
    def of(cls, attribute: Attribute, drawn: Integers, label: slice) -> "_Range":
        selected, rows = group_cells.positives(attribute.counts, label)
        used = attribute.included & (rows > 0)
        if used.sum() == 0:
            return cls(0.0, np.zeros(len(drawn)), 0, 0)
        rate = selected[used] / rows[used]
        drawn_selected, drawn_rows = (part[:, used] for part in group_cells.positives(drawn, label))
        # A draw without rows of a group says nothing of its rate: no error.
        drawn_rate = np.tile(rate, (len(drawn), 1))
        np.divide(drawn_selected, drawn_rows, out=drawn_rate, where=drawn_rows > 0)
        return cls(float(np.ptp(rate)), np.ptp(drawn_rate - rate, axis=1), int(rows[used].sum()), int(used.sum()))


def _difference(metric: str, attribute: Attribute, ranges: list[_Range], settings: _Settings) -> Estimate:
    """The largest of the ranges.

    Noise only adds to a range, so that percentiles of resampled ranges miss a fair 0. By the triangle inequality the
    error of the range is at most the range of the errors, whose quantile is the reach to each side.
    """
    n, compared = max(one.n for one in ranges), min(one.groups for one in ranges)
    detail: Detail = {"groups": compared, "excluded": int((~attribute.included).sum()), **settings.recorded}
    numbers: Numbers = UNDEFINED
    if compared < 2:
        detail["reason"] = "fewer than two groups to compare"
    else:
        value = max(one.value for one in ranges)
        reach = float(np.quantile(np.max([one.errors for one in ranges], axis=0), settings.confidence))
        numbers = value, max(0.0, value - reach), min(1.0, value + reach)
    return Estimate(metric, *numbers, settings.confidence, n, DIFFERENCE_METHOD, attribute.name, detail=detail)


def _standing(attribute: Attribute, group: int) -> Detail:
    """How a group stands among the others: its share, and whether its interval holds together with theirs."""
    rows = attribute.counts.sum(axis=(1, 2))
    share: Detail = {"share": float(rows[group] / rows.sum())}
    if attribute.included[group]:
        return share | {"simultaneous": True, "family_size": int(attribute.included.sum())}
    return share | {"excluded": True} | ({} if attribute.known[group] else {"unknown": True})
