"""Our tests of one column, over a table: the smallest p-value times the number of columns decides (Bonferroni)."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from monitoring.detectors import licences
from monitoring.detectors.detector import Offline
from monitoring.detectors.samples import Columns
from monitoring.detectors.settings import ALPHA, MAX_MISSING, Properties, Settings, count
from monitoring.detectors.verdict import Verdict

_SETTINGS: Properties = {
    "alpha": ALPHA,
    "min_n": count(200, least=5, most=1_000_000),
    "max_missing": MAX_MISSING,
}


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column: how many values, how many missing, and what its test compares."""

    n: int
    missing: int
    values: Any


class Tested(Protocol):
    """What a test of one column answers with."""

    @property
    def statistic(self) -> float: ...
    @property
    def log10_p(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """One column of a verdict; without a p-value where `reason` says why it could not be tested."""

    name: str
    statistic: float | None
    log10_p: float | None
    n: int
    missing: int
    reason: str = ""


def _numeric(values: ArrayLike, like: Column | None) -> Column:
    from monitoring.kernels.prepared import prepare  # compiled code, which the web process does without

    prepared = prepare(values, like=None if like is None else like.values)
    return Column(prepared.n, prepared.missing, prepared)


def _levels(values: ArrayLike, like: Column | None) -> Column:
    from monitoring.measures import categories  # as above

    names, codes = categories.factorise(values)
    present = codes[codes != categories.MISSING]
    counts = dict(zip(names, np.bincount(present, minlength=len(names)).tolist(), strict=True))
    return Column(present.size, codes.size - present.size, counts)


def _ks(reference: Any, window: Any) -> Tested:
    from monitoring.kernels import ks, pairs  # as above

    return ks.compare(pairs.pair(reference, window))


def _cramer_von_mises(reference: Any, window: Any) -> Tested:
    from monitoring.kernels import cramer_von_mises, pairs  # as above

    return cramer_von_mises.compare(pairs.pair(reference, window))


def _anderson_darling(reference: Any, window: Any) -> Tested:
    from monitoring.kernels import anderson_darling, pairs  # as above

    return anderson_darling.compare(pairs.pair(reference, window))


def _chi_square(reference: dict[str, int], window: dict[str, int]) -> Tested:
    from monitoring.kernels import chi_square  # as above

    return chi_square.test(*_counts(reference, window))


def _g_test(reference: dict[str, int], window: dict[str, int]) -> Tested:
    from monitoring.kernels import g_test  # as above

    return g_test.test(*_counts(reference, window))


def _counts(reference: dict[str, int], window: dict[str, int]) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """A cell for each level of either: one that the reference lacks is a level like others."""
    levels = dict.fromkeys([*reference, *window])
    return [np.array([side.get(level, 0) for level in levels], np.int64) for side in (reference, window)]


def _detector(
    name: str,
    title: str,
    column: Callable[[ArrayLike, Column | None], Column],
    test: Callable[[Any, Any], Tested],
) -> Offline:
    def ready(settings: Settings, reference: Columns) -> dict[str, Column]:
        return {key: column(values, None) for key, values in reference.items()}

    def look(settings: Settings, reference: dict[str, Column], window: Columns) -> Verdict:
        found = [_tested(key, known, column(window[key], known), test, settings) for key, known in reference.items()]
        return _joined(found, settings)

    return Offline(
        name=f"ours.{name}",
        title=title,
        library="ours",
        licence=licences.OURS,
        takes="samples",
        properties=_SETTINGS,
        fits="numbers" if column is _numeric else "categories",
        ready=ready,
        look=look,
    )


def _tested(name: str, known: Column, seen: Column, test: Callable[[Any, Any], Tested], settings: Settings) -> Found:
    size = seen.n + seen.missing
    if seen.missing > settings["max_missing"] * size:
        most = f"at most a share of {settings['max_missing']:g} may be"
        return Found(name, None, None, seen.n, seen.missing, f"{seen.missing} of {size} values are missing, {most}")
    if min(known.n, seen.n) < settings["min_n"]:
        reason = f"{seen.n} values against {known.n} of the reference: at least {settings['min_n']} are needed"
        return Found(name, None, None, seen.n, seen.missing, reason)
    result = test(known.values, seen.values)
    return Found(name, float(result.statistic), result.log10_p, seen.n, seen.missing)


def _joined(found: list[Found], settings: Settings) -> Verdict:
    """Drift where a column shows it; else not evaluable as soon as one could not be tested."""
    details = {"columns": [asdict(one) for one in found]}
    n, missing = min(one.n for one in found), max(one.missing for one in found)
    tested = [(one.log10_p, one) for one in found if one.log10_p is not None]
    untested = next((one for one in found if one.reason), None)
    if tested:
        lowest, top = min(tested, key=lambda pair: pair[0])
        joint = min(0.0, lowest + math.log10(len(found)))
        figures = {"statistic": top.statistic, "threshold": settings["alpha"], "log10_p": joint}
        reason = f"{top.name}: p 1e{joint:.1f} for all columns against {settings['alpha']:g}"
        if joint <= math.log10(settings["alpha"]):
            return Verdict("drift", reason, **figures, n=n, missing=missing, details=details)
        if untested is None:
            return Verdict("quiet", reason, **figures, n=n, missing=missing, details=details)
    reason = f"{untested.name}: {untested.reason}" if untested else "no column could be tested"
    return Verdict("not_evaluable", reason, n=n, missing=missing, details=details)


ALL = [
    _detector("ks", "Kolmogorov-Smirnov: the largest gap of two distributions", _numeric, _ks),
    _detector("cramer_von_mises", "Cramer-von Mises: the gap everywhere", _numeric, _cramer_von_mises),
    _detector(
        "anderson_darling", "Anderson-Darling: the gap, and most of all in the tails", _numeric, _anderson_darling
    ),
    _detector("chi_square", "Chi-square of categories", _levels, _chi_square),
    _detector("g_test", "The G-test of categories", _levels, _g_test),
]
