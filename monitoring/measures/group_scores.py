"""Whether scores rank and promise equally well in every group of people: area under the ROC curve and calibration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import group_auc
from monitoring.measures import delong, family, group_calibration, group_cells, intervals, performance
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.fairness import Settings
from monitoring.measures.group_cells import Attribute, Coded

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AREA_METHOD = "DeLong, logit scale, simultaneous by Sidak"
SEPARATED_METHOD = "Newcombe method 5, simultaneous by Sidak"
DIFFERENCE_METHOD = "DeLong's variances, range of normal errors"


@dataclass(frozen=True, slots=True)
class _Rows:
    """The complete rows by ascending score."""

    score: Floats
    positive: NDArray[np.bool_]
    columns: list[Coded]
    dropped: Detail


def measure(
    y_true: ArrayLike,
    score: ArrayLike,
    groups: Mapping[str, ArrayLike | Coded],
    settings: Settings | None = None,
) -> list[Estimate]:
    """Estimate by each attribute and pair how well `score` ranks and, where it is a probability, how true it is.

    Per group: roc_auc, calibration_error (over ten equal bins) and calibration_bias (mean score minus share of
    positives, above 0 where the group's risk is overstated). Per attribute, over its included groups:
    roc_auc_difference. Which groups are included, and which intervals hold together, is as in fairness.of_cells. Rows
    without a label or a score are left out and counted in `detail["dropped"]`. Raises ValueError on labels other than
    0 and 1 and on columns of different lengths.
    """
    chosen = settings or Settings()
    rows = _complete(y_true, score, groups)
    named = dict(zip(groups, rows.columns, strict=True))
    cells = group_cells.count(rows.positive, named)
    attributes = group_cells.attributes(
        cells, least_share=chosen.exclude_below_share, least_rows=chosen.exclude_below_rows
    )
    return [one for attribute in attributes if attribute.levels for one in _of(attribute, rows, chosen)]


def _complete(y_true: ArrayLike, score: ArrayLike, groups: Mapping[str, ArrayLike | Coded]) -> _Rows:
    label, scored = np.asarray(y_true, np.float64), np.asarray(score, np.float64)
    columns = group_cells.columns_of(groups)
    if any(column.codes.size != label.size for column in columns.values()):
        raise ValueError("the groups and the labels differ in length")
    _, dropped = performance.complete(label, scored)
    # NaN sorts last.
    order = np.argsort(np.where(np.isnan(label), np.nan, scored), kind="stable")
    order = order[: label.size - int(dropped.get("dropped", 0))]
    ordered = [Coded(column.levels, column.codes[order]) for column in columns.values()]
    return _Rows(scored[order], label[order] == 1.0, ordered, dropped)


def _of(attribute: Attribute, rows: _Rows, settings: Settings) -> Iterator[Estimate]:
    parts = family.members(attribute, settings.confidence, rows.dropped)
    codes = attribute.rows(rows.columns)
    moments = zip(*group_auc.misplaced(rows.score, rows.positive, codes, len(parts)), strict=True)
    areas = [_area(part, _Pairs(*one)) for part, one in zip(parts, moments, strict=True)]
    yield from areas
    yield _difference(attribute, areas, settings)
    yield from group_calibration.calibration(parts, codes, (rows.positive, rows.score), settings)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What group_auc.misplaced says of one group."""

    positives: int
    negatives: int
    misplaced: int
    positive_squares: float
    negative_squares: float

    def spread(self) -> float | None:
        """DeLong's variance of the area; None with fewer than two rows of a class."""
        if min(self.positives, self.negatives) < 2:
            return None
        sides = (
            (self.positive_squares, self.positives, self.negatives),
            (self.negative_squares, self.negatives, self.positives),
        )
        return sum(self._left(squares, own) / (own - 1) / (4.0 * own * other**2) for squares, own, other in sides)

    def _left(self, squares: float, own: int) -> float:
        """The sum of squares about the mean; what rounding alone leaves of two large equals is nothing."""
        rest = squares - float(self.misplaced) ** 2 / own
        return rest if rest > 1e-12 * squares else 0.0


def _area(part: family.Member, pairs: _Pairs) -> Estimate:
    if min(pairs.positives, pairs.negatives) == 0:
        return part.undefined("roc_auc", AREA_METHOD, "needs both classes")
    area = 1.0 - pairs.misplaced / (2.0 * pairs.positives * pairs.negatives)
    spread = pairs.spread()
    if spread and 0.0 < area < 1.0:
        method, bounds = AREA_METHOD, delong.logit_interval(area, spread, part.each)
    else:
        sizes = int(pairs.positives), int(pairs.negatives)
        method, bounds = SEPARATED_METHOD, delong.newcombe_interval(area, sizes, part.each)
    one = part.estimate("roc_auc", method, area, bounds)
    one.detail.update(positives=int(pairs.positives), negatives=int(pairs.negatives))
    return one


def _difference(attribute: Attribute, areas: list[Estimate], settings: Settings) -> Estimate:
    """The range of the areas; noise only adds to it, so it reaches as far as the range of the areas' errors does."""
    used = [(one.value, one.low, one.high) for one in areas if not one.detail.get("excluded")]
    found = np.array([numbers for numbers in used if None not in numbers], np.float64).reshape(-1, 3)
    n = sum(one.n for one in areas if one.value is not None and not one.detail.get("excluded"))
    detail: Detail = {"groups": len(found), "excluded": int((~attribute.included).sum()), **settings.recorded}
    shared = settings.confidence, n, DIFFERENCE_METHOD, attribute.name, "", detail
    if len(found) < 2:
        detail["reason"] = "fewer than two groups to compare"
        return Estimate("roc_auc_difference", None, None, None, *shared)
    each = intervals.normal_quantile(intervals.sidak(settings.confidence, int(attribute.included.sum())))
    errors = (found[:, 2] - found[:, 1]) / (2.0 * each)
    drawn = np.random.default_rng(settings.seed).normal(0.0, errors, (settings.draws, len(found)))
    reach = float(np.quantile(np.ptp(drawn, axis=1), settings.confidence))
    value = float(np.ptp(found[:, 0]))
    return Estimate("roc_auc_difference", value, max(0.0, value - reach), min(1.0, value + reach), *shared)
