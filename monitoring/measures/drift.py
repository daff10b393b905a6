"""Whether a window of rows still looks like its reference profile: by effect size first, then by significance.

    drift.drift(profile, window)

Rows that come in parts, or to several workers, are counted where they are; the sum is that of the whole, to the bit:

    summary = sum((drift.summarise(profile, part) for part in parts), start=profiles.nothing(profile.frames))
    drift.judge(profile, summary)
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import correlation
from monitoring.measures import column_drift, profiles
from monitoring.measures.column_drift import ColumnDrift
from monitoring.measures.profiles import Profile, Summary

Floats = NDArray[np.float64]
Verdict = Literal["quiet", "drift", "not_evaluable"]

FDR = 0.05
PSI_FLOOR = 0.1
MIN_N = 200


@dataclass(frozen=True, slots=True)
class RankedColumn:
    """A column's place in a report: it drifted if its PSI exceeds `threshold` and its adjusted p-value is small too."""

    column: ColumnDrift
    adjusted_p: float
    adjusted_log10_p: float
    threshold: float
    verdict: Verdict

    @property
    def drifted(self) -> bool:
        return self.verdict == "drift"


@dataclass(frozen=True, slots=True)
class CorrelationShift:
    """The two columns whose rank correlation changed most surely, and the largest change of all `pairs` compared.

    It is reported and does not decide: `log10_p`, adjusted for all pairs, says nothing of the size of the effect.
    """

    columns: tuple[str, str]
    before: float
    after: float
    largest: float
    pairs: int
    log10_p: float


@dataclass(frozen=True, slots=True)
class DriftReport:
    """A verdict with its reason in words; `columns` by falling effect, the drifted first."""

    verdict: Verdict
    columns: list[RankedColumn]
    reason: str
    n: int
    correlation: CorrelationShift | None = None


def drift(
    profile: Profile,
    window: Mapping[str, ArrayLike],
    *,
    fdr: float = FDR,
    psi_floor: float = PSI_FLOOR,
    min_n: int = MIN_N,
) -> DriftReport:
    """Compare the window's columns with the profile's, as `judge` does.

    Raises KeyError on a column that the window lacks, ValueError on columns of unequal length; others are ignored.
    """
    return judge(profile, summarise(profile, window), fdr=fdr, psi_floor=psi_floor, min_n=min_n)


def summarise(profile: Profile, chunk: Mapping[str, ArrayLike]) -> Summary:
    """Some of a window's rows, counted; summaries of one profile add."""
    return profiles.count(profile.frames, chunk)


def judge(
    profile: Profile, summary: Summary, *, fdr: float = FDR, psi_floor: float = PSI_FLOOR, min_n: int = MIN_N
) -> DriftReport:
    """Judge a counted window: large windows make any difference significant, small ones make any look large.

    A column drifted if all of these hold: its PSI exceeds what it is without drift by more than `psi_floor`; it exceeds
    what one replayed window of the reference in a hundred exceeds; its p-value, adjusted for all columns (Y. Benjamini
    and Y. Hochberg, J. R. Stat. Soc. B 57 (1995), 289-300), is at most `fdr`. Fewer than `min_n` rows on either side
    are not evaluable, nor is a column with fewer values on one, unless its missing rate drifted or it is empty on both;
    and a window in which one column is not evaluable and none drifted is never called quiet.
    """
    if min(summary.rows, profile.rows) < max(1, min_n):
        short = f"{summary.rows} rows against a reference of {profile.rows}: at least {min_n} are needed on both sides"
        return DriftReport("not_evaluable", [], short, summary.rows)
    measured = [
        column_drift.measure(column, counts) for column, counts in zip(profile.columns, summary.columns, strict=True)
    ]
    known = [column.rows - column.missing for column in profile.columns]
    adjusted = _adjusted(np.array([column.log10_p for column in measured])).tolist()
    ranked = [
        _ranked(column, log_p, fdr=fdr, psi_floor=psi_floor, enough=_enough(known[place], column.present, min_n))
        for place, (column, log_p) in enumerate(zip(measured, adjusted, strict=True))
    ]
    ranked.sort(key=lambda one: (not one.drifted, -one.column.excess))
    verdict = _verdict(ranked)
    shift = _correlation(profile, summary)
    return DriftReport(verdict, ranked, _reason(ranked, verdict, psi_floor), summary.rows, shift)


def _ranked(column: ColumnDrift, log10_p: float, *, fdr: float, psi_floor: float, enough: bool) -> RankedColumn:
    threshold = max(column.expected + psi_floor, column.chance or 0.0)
    drifted = column.psi > threshold and log10_p <= math.log10(fdr)
    verdict: Verdict = "drift" if drifted else "quiet" if enough else "not_evaluable"
    return RankedColumn(column, 10.0**log10_p, log10_p, threshold, verdict)


def _enough(known: int, present: int, min_n: int) -> bool:
    return min(known, present) >= min_n or known == present == 0


def _verdict(ranked: Sequence[RankedColumn]) -> Verdict:
    found = {one.verdict for one in ranked}
    return "drift" if "drift" in found else "not_evaluable" if "not_evaluable" in found else "quiet"


def _adjusted(log10_p: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p-values, as logarithms: the k-th smallest of n counts n / k times."""
    order = np.argsort(log10_p, kind="stable")
    steps = log10_p[order] + np.log10(order.size / np.arange(1.0, order.size + 1.0))
    adjusted = np.empty(order.size)
    adjusted[order] = np.minimum(0.0, np.minimum.accumulate(steps[::-1])[::-1])
    return adjusted


def _correlation(profile: Profile, summary: Summary) -> CorrelationShift | None:
    shift = correlation.shift(profile.moments, summary.moments)
    if shift.pair is None or shift.before is None or shift.after is None:
        return None
    first, second = (profile.columns[profile.frames.correlated[place]].name for place in shift.pair)
    largest, log10_p = shift.largest or 0.0, shift.log10_p or 0.0
    return CorrelationShift((first, second), shift.before, shift.after, largest, shift.pairs, log10_p)


def _reason(ranked: Sequence[RankedColumn], verdict: Verdict, psi_floor: float) -> str:
    if verdict == "drift":
        named = [_named(one.column) for one in ranked if one.drifted]
        return f"{len(named)} of {len(ranked)} columns drifted: {', '.join(named)}"
    if verdict == "not_evaluable":
        few = [f"{one.column.name} ({one.column.present})" for one in ranked if one.verdict == "not_evaluable"]
        return f"{len(few)} of {len(ranked)} columns have too few values on one side: {', '.join(few)}"
    top = ranked[0].column
    most = (
        f"no column drifted: {top.name} moved most, its PSI of {top.psi:.3f} is {top.excess:+.3f} of what is expected"
    )
    return f"{most}, but chance explains it" if top.excess > psi_floor else f"{most} without drift"


def _named(column: ColumnDrift) -> str:
    return f"{column.name} (PSI {column.psi:.3f}, p 1e{column.log10_p:.0f})"
