"""Whether a window of rows still looks like the reference: by effect size first, then by significance."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control

from monitoring.kernels import chi_square, jensen_shannon, ks, psi, wasserstein
from monitoring.measures import reference
from monitoring.measures.reference import ColumnProfile, Profile

Integers = NDArray[np.int64]
Verdict = Literal["quiet", "drift", "not_evaluable"]

# W. G. Cochran, Biometrics 10 (1954), 417-451: the chi-square law needs at least one expected row in every cell.
LEAST_EXPECTED = 1.0
LOG_10 = math.log(10.0)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far one column has moved.

    `statistic` is that of `test` ("ks" or "chi_square"); `p_value` also covers the missing rate of a numeric column and
    may underflow to 0, which `log10_p` never does. `excess` is PSI less what it is on average without drift.
    `wasserstein` is in the column's unit, None for categories and where infinities are involved.
    """

    name: str
    kind: reference.Kind
    test: Literal["ks", "chi_square"]
    statistic: float | None
    p_value: float
    log10_p: float
    psi: float
    excess: float
    jensen_shannon: float
    wasserstein: float | None
    n: int
    missing_rate: float
    new_category_rate: float


@dataclass(frozen=True, slots=True)
class RankedColumn:
    """A column's place in a report: drifted only if effect and adjusted p-value both say so."""

    column: ColumnDrift
    adjusted_p: float
    drifted: bool


@dataclass(frozen=True, slots=True)
class DriftReport:
    """A verdict with its reason in words; `columns` by falling effect, the drifted first."""

    verdict: Verdict
    columns: list[RankedColumn]
    reason: str
    n: int


def drift(
    profile: Profile, window: Mapping[str, ArrayLike], *, fdr: float = 0.05, psi_floor: float = 0.1, min_n: int = 200
) -> DriftReport:
    """Compare the window's columns with the profile's.

    A column drifted if its PSI exceeds its expected value without drift by more than `psi_floor` and its p-value,
    adjusted for all columns (Y. Benjamini and Y. Hochberg, J. R. Stat. Soc. B 57 (1995), 289-300), is at most `fdr`:
    large windows make any difference significant, small ones make any difference look large. Fewer than `min_n` rows on
    either side are not evaluable. Raises KeyError on a column that the window lacks; further columns are ignored.
    """
    arrays = {column["name"]: np.asarray(window[column["name"]]) for column in profile["columns"]}
    n = _rows(arrays)
    if min(n, profile["n"]) < min_n:
        short = f"{n} rows against a reference of {profile['n']}: at least {min_n} are needed on both sides"
        return DriftReport("not_evaluable", [], short, n)
    columns = [column_drift(column, arrays[column["name"]]) for column in profile["columns"]]
    adjusted = false_discovery_control([column.p_value for column in columns]).tolist()
    ranked = [
        RankedColumn(column, p, column.excess > psi_floor and p <= fdr)
        for column, p in zip(columns, adjusted, strict=True)
    ]
    ranked.sort(key=lambda one: (not one.drifted, -one.column.excess))
    return DriftReport("drift" if ranked[0].drifted else "quiet", ranked, _reason(ranked, psi_floor), n)


def column_drift(profile_column: ColumnProfile, window: ArrayLike) -> ColumnDrift:
    """Measure one column against its profile. Raises ValueError on a window without rows or with text for numbers."""
    values = np.asarray(window)
    if values.size == 0:
        raise ValueError("the window is empty")
    return (
        _numeric(profile_column, values)
        if profile_column["kind"] == "numeric"
        else _categorical(profile_column, values)
    )


def _numeric(column: ColumnProfile, values: NDArray[np.generic]) -> ColumnDrift:
    floats = reference.numbers(values)
    before = np.array(column["counts"], np.int64)
    after = psi.counts(floats, np.array(column["edges"]))
    known, ordered = np.array(column["sample"]), np.sort(floats[~np.isnan(floats)])
    sizes = column["n"] - column["missing"], ordered.size
    statistic, distance, log_p = None, None, 0.0
    if min(sizes) > 0:
        statistic = ks.statistic(known, ordered)
        log_p = ks.log_p_value(statistic, *sizes)
        extremes = max(-known[0], known[-1], -ordered[0], ordered[-1])
        distance = wasserstein.distance(known, ordered) if extremes < reference.INFINITE else None
    if before[-1] + after[-1] > 0:
        # Values and missing rate are two looks at one column: Bonferroni.
        log_p = min(0.0, math.log(2.0) + min(log_p, _log_p_missing(before, after)))
    return _measured(column, (before, after), ("ks", statistic, log_p), distance=distance)


def _log_p_missing(before: Integers, after: Integers) -> float:
    missing = [np.array([counts[:-1].sum(), counts[-1]]) for counts in (before, after)]
    return chi_square.log_p_value(*chi_square.statistic(*missing))


def _categorical(column: ColumnProfile, values: NDArray[np.generic]) -> ColumnDrift:
    seen, new = column["levels"], reference.new_levels(values, column["levels"])
    after = reference.level_counts(values, [*seen, *new])
    before = np.insert(np.array(column["counts"], np.int64), len(seen), np.zeros(len(new), np.int64))
    new_rows = int(after[len(seen) : -1].sum())
    # Each new level is a cell of its own until the rare ones are joined. One cell for all that the reference lacks
    # would hold none of its rows by construction, and many of any window's where levels are many and rare.
    before, after = _joined(before, after)
    statistic, degrees = chi_square.statistic(before, after)
    log_p = chi_square.log_p_value(statistic, degrees)
    return _measured(column, (before, after), ("chi_square", statistic, log_p), new=new_rows)


def _joined(before: Integers, after: Integers) -> tuple[Integers, Integers]:
    """Join the cells that expect too few rows into one; the missing ones stay last and apart.

    Rarity is judged on both samples together, so that neither is favoured.
    """
    share = min(before.sum(), after.sum()) / (before.sum() + after.sum())
    rare = (before + after) * share < LEAST_EXPECTED
    rare[-1] = False
    kept = [np.insert(counts[~rare], 0, counts[rare].sum()) for counts in (before, after)]
    return kept[0], kept[1]


def _measured(
    column: ColumnProfile,
    counts: tuple[Integers, Integers],
    test: tuple[Literal["ks", "chi_square"], float | None, float],
    *,
    distance: float | None = None,
    new: int = 0,
) -> ColumnDrift:
    n = int(counts[1].sum())
    index = psi.index(*counts)
    return ColumnDrift(
        name=column["name"],
        kind=column["kind"],
        test=test[0],
        statistic=test[1],
        p_value=math.exp(test[2]),
        log10_p=test[2] / LOG_10,
        psi=index,
        excess=index - psi.expected(*counts),
        jensen_shannon=jensen_shannon.distance(*counts),
        wasserstein=distance,
        n=n,
        missing_rate=float(counts[1][-1] / n),
        new_category_rate=new / n,
    )


def _rows(arrays: Mapping[str, NDArray[np.generic]]) -> int:
    sizes = {array.size for array in arrays.values()}
    if len(sizes) != 1:
        raise ValueError("a window needs columns of one length")
    return sizes.pop()


def _reason(ranked: list[RankedColumn], psi_floor: float) -> str:
    drifted = [one for one in ranked if one.drifted]
    if drifted:
        named = ", ".join(
            f"{one.column.name} (PSI {one.column.psi:.3f}, p 1e{one.column.log10_p:.0f})" for one in drifted
        )
        return f"{len(drifted)} of {len(ranked)} columns drifted: {named}"
    top = ranked[0].column
    loudest = (
        f"the largest PSI is {top.psi:.3f} ({top.name}), {max(0.0, top.excess):.3f} more than expected without drift"
    )
    if top.excess > psi_floor:
        return f"no column drifted: {loudest}, but chance explains it"
    return f"no column drifted: {loudest}, where {psi_floor:g} is drift"
