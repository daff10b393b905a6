"""Whether decisions and errors fall equally on groups of people, and on their intersections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import group_cells, intervals, parity
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.group_cells import Attribute, Cells, Coded
from monitoring.measures.rates import RATES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Numbers = tuple[float | None, float | None, float | None]  # value, low, high

UNDEFINED: Numbers = (None, None, None)
OF_DECISIONS = ("selection_rate",)
OF_ERRORS = ("true_positive_rate", "false_positive_rate", "precision")
RATE_METHOD = "Wilson, simultaneous by Sidak"
RATIO_METHOD = "multinomial bootstrap over group cells, simultaneous by max-t on the log scale"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the intervals are made, and which groups are too small to be compared."""

    confidence: float = 0.95
    draws: int = 2000
    seed: int = 0
    exclude_below_share: float = 0.02
    exclude_below_rows: int = 0

    @property
    def recorded(self) -> Detail:
        return {"draws": self.draws, "seed": self.seed}


def selection(
    decision: ArrayLike,
    groups: Mapping[str, ArrayLike | Coded],
    y_true: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
    exclude_below_share: float = 0.02,
    exclude_below_rows: int = 0,
) -> list[Estimate]:
    """Estimate how binary decisions (1 is the favourable one) fall on the groups of each attribute and each pair.

    Counts the rows, and says of the counts what `of_cells` does. Rows without a label count for decisions only. Raises
    ValueError on decisions other than 0 and 1 and labels other than 0, 1 and missing.
    """
    settings = Settings(confidence, draws, seed, exclude_below_share, exclude_below_rows)
    return of_cells(group_cells.count(decision, groups, y_true), settings)


def of_cells(cells: Cells, settings: Settings | None = None) -> list[Estimate]:
    """Estimate the same from counts alone, which may be those of many chunks (`group_cells.merged`).

    Per group: selection_rate, impact_ratio (over the highest rate of an included group) and, with labels,
    true_positive_rate, false_positive_rate and precision. Per attribute, over its included groups, the difference and
    the ratio of the criteria in `parity.CRITERIA`.

    Included are the groups with at least `exclude_below_share` of the rows (`detail["share"]`) and at least
    `exclude_below_rows` of them. The others, and people whose category is missing (group "unknown",
    `detail["unknown"]`), are reported with `detail["excluded"]` and are never the reference.

    The intervals of one metric over the included groups of one attribute hold together at `confidence`
    (`detail["simultaneous"]`, and how many they are: `family_size`); an excluded group's is made alike, outside that
    promise. An impact ratio's `detail` has alone_low and alone_high, the narrower
    interval for a question asked of that one group. Values equal those of fairlearn's MetricFrame to the last bit,
    except that a rate without rows is undefined here and 0 there.
    """
    chosen = settings or Settings()
    attributes = group_cells.attributes(
        cells, least_share=chosen.exclude_below_share, least_rows=chosen.exclude_below_rows
    )
    return [one for attribute in attributes if attribute.levels for one in _of(attribute, chosen, cells.labelled)]


def above_median(score: ArrayLike) -> NDArray[np.int64]:
    """Scores as decisions, 1 above their median: what 6 RCNY 5-301 (NYC Local Law 144) calls the scoring rate's.

    Raises ValueError on missing scores: a median of the rest would decide about people who have none.
    """
    scores = np.asarray(score, np.float64)
    if np.isnan(scores).any():
        raise ValueError("a score is missing")
    return (scores > np.median(scores)).astype(np.int64) if scores.size else np.zeros(0, np.int64)


def _of(attribute: Attribute, settings: Settings, labelled: bool) -> Iterator[Estimate]:
    drawn = group_cells.resample(attribute.counts, draws=settings.draws, seed=settings.seed)
    for metric in OF_DECISIONS + OF_ERRORS * labelled:
        yield from _rates(metric, attribute, settings)
    yield from _impact_ratios(attribute, drawn, settings)
    yield from parity.criteria(attribute, drawn, settings.confidence, settings.recorded, labelled=labelled)


def _rates(metric: str, attribute: Attribute, settings: Settings) -> Iterator[Estimate]:
    # Given their sizes the groups are independent samples, so Sidak's correction is exact.
    each = intervals.sidak(settings.confidence, int(attribute.included.sum()))
    hits, rows = (part.tolist() for part in RATES[metric].counted(attribute.counts))
    for group, (level, k, n) in enumerate(zip(attribute.levels, hits, rows, strict=True)):
        detail = attribute.standing(group) | ({"count": k} if n else {"reason": "no rows"})
        numbers: Numbers = (k / n, *intervals.wilson(k, n, each)) if n else UNDEFINED
        yield Estimate(metric, *numbers, settings.confidence, n, RATE_METHOD, attribute.name, level, detail)


def _impact_ratios(attribute: Attribute, drawn: Integers, settings: Settings) -> Iterator[Estimate]:
    selected, rows = RATES["selection_rate"].counted(attribute.counts)
    rate = selected / rows
    reference = int(np.argmax(np.where(attribute.included, rate, -1.0)))
    defined = bool(attribute.included[reference] and rate[reference] > 0)
    reason = "no one is selected" if attribute.included.any() else "no group is large enough"
    bounds = _ratio_bounds(attribute, drawn, settings.confidence) if defined else np.zeros((len(rate), 4))
    for group, level in enumerate(attribute.levels):
        detail = attribute.standing(group)
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
    selected, rows = RATES["selection_rate"].counted(counts)
    log_rate = np.log((selected + 0.5) / (rows + 1.0))
    best: Floats = log_rate[..., attribute.included].max(axis=-1, keepdims=True)
    return log_rate - best
