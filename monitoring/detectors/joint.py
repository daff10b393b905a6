"""Our comparisons of all columns together, by permutation tests."""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from monitoring.detectors import licences, samples
from monitoring.detectors.detector import Offline
from monitoring.detectors.samples import Columns, Floats
from monitoring.detectors.settings import ALPHA, MAX_MISSING, SEED, Properties, Settings, count
from monitoring.detectors.verdict import Verdict
from registry.errors import Problem

_JOINT: Properties = {
    "alpha": ALPHA,
    "min_n": count(50, least=5, most=1_000_000),
    "most_rows": count(2_000, least=50, most=20_000),
    "permutations": count(499, least=99, most=9_999),
    "max_missing": MAX_MISSING,
    "seed": SEED,
}


class Permuted(Protocol):
    """What a permutation test answers with."""

    @property
    def value(self) -> float: ...
    @property
    def effect(self) -> float: ...
    @property
    def log10_p(self) -> float: ...


def _joint(compare: Callable[[Floats, Floats, Settings], Permuted]) -> Callable[[Settings, Floats, Columns], Verdict]:
    """The verdict on all columns together, by a permutation test."""

    def look(settings: Settings, reference: Floats, window: Columns) -> Verdict:
        rows = samples.matrix(window)
        whole = int(np.isfinite(rows).all(axis=1).sum())
        missing = len(rows) - whole
        if refused := _refused(settings, len(rows), whole, len(reference)):
            return Verdict("not_evaluable", refused, n=whole, missing=missing)
        used = samples.drawn(rows, settings["most_rows"], settings["seed"])
        found = compare(reference, used, settings)
        drifted = found.log10_p <= math.log10(settings["alpha"])
        return Verdict(
            "drift" if drifted else "quiet",
            f"p {10**found.log10_p:.2g} against {settings['alpha']:g}",
            statistic=found.value,
            threshold=settings["alpha"],
            log10_p=found.log10_p,
            n=whole,
            missing=missing,
            details={"effect": found.effect, "rows": len(used), "reference_rows": len(reference)},
        )

    return look


def _complete(settings: Settings, reference: Columns) -> Floats:
    return samples.drawn(samples.matrix(reference), settings["most_rows"], settings["seed"])


def _refused(settings: Settings, size: int, whole: int, reference: int) -> str:
    if size - whole > settings["max_missing"] * size:
        return f"{size - whole} of {size} rows miss a value, and at most a share of {settings['max_missing']:g} may"
    if min(whole, reference) < settings["min_n"]:
        return f"{whole} rows against {reference} of the reference: at least {settings['min_n']} are needed"
    return ""


def _mmd(reference: Floats, window: Floats, settings: Settings) -> Permuted:
    from monitoring.kernels import mmd  # compiled code, which the web process does without

    return mmd.compare(mmd.prepare(reference), window, permutations=settings["permutations"], seed=settings["seed"])


def _energy(reference: Floats, window: Floats, settings: Settings) -> Permuted:
    from monitoring.kernels import energy  # as above

    return energy.compare(
        energy.prepare(reference), window, permutations=settings["permutations"], seed=settings["seed"]
    )


def enough_permutations(settings: Settings) -> Sequence[Problem]:
    """A permutation test of so many permutations must be able to reach its level."""
    if 1 / (settings["permutations"] + 1) > settings["alpha"]:
        detail = f"no p-value of {settings['permutations']} permutations is as small as {settings['alpha']:g}"
        return [Problem("/settings/permutations", detail, f"At least {math.ceil(1 / settings['alpha'])}.")]
    return []


def _of_rows(name: str, title: str, compare: Callable[[Floats, Floats, Settings], Permuted]) -> Offline:
    return Offline(
        name=f"ours.{name}",
        title=title,
        library="ours",
        licence=licences.OURS,
        takes="samples",
        properties=_JOINT,
        contradictions=enough_permutations,
        fits="numbers",
        ready=_complete,
        look=_joint(compare),
    )


ALL = [
    _of_rows("mmd", "Maximum mean discrepancy: all columns together", _mmd),
    _of_rows("energy", "Energy distance: all columns together, without a width to choose", _energy),
]
