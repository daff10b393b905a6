"""alibi-detect's detectors: described here, run by the worker of the queue `alibi` in an environment of its own."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.detectors import licences, samples
from monitoring.detectors.detector import Fits, Job, Remote, State, Takes
from monitoring.detectors.joint import enough_permutations
from monitoring.detectors.samples import Floats, Table
from monitoring.detectors.settings import (
    ALPHA,
    MAX_MISSING,
    SEED,
    Contradictions,
    Properties,
    Settings,
    choice,
    count,
    none,
    number,
)
from monitoring.detectors.verdict import Verdict
from registry.errors import Problem

TASK, QUEUE = "alibi.detect", "alibi"

_SAMPLES: Properties = {
    "alpha": ALPHA,
    "min_n": count(200, least=20, most=1_000_000),
    "max_missing": MAX_MISSING,
    "seed": SEED,
}
_OUTLIERS: Properties = {**_SAMPLES, "outlier_share": number(0.05, above=0, most=0.5)}
_PERMUTED: Properties = {**_SAMPLES, "permutations": count(200, least=100, most=10_000)}
_STREAM: Properties = {
    "expected_run": count(1_000, least=20, most=100_000),
    "windows": {
        "type": "array",
        "items": {"type": "integer", "minimum": 2, "maximum": 1_000},
        "minItems": 1,
        "maxItems": 5,
        "uniqueItems": True,
        "default": [20, 50],
    },
    "simulations": count(10_000, least=200, most=1_000_000),
    "reference_rows": count(500, least=50, most=10_000),
    "max_missing": MAX_MISSING,
    "seed": SEED,
}


def pack(reference: Table, window: Table) -> tuple[bytes, bytes]:
    """The columns of both as .npy arrays of float64, rows by columns; what is missing is NaN.

    Categories become codes: the reference's levels in order, so that its array does not depend on the window, then
    those that only the window has. Raises samples.Unusable on a column that the window lacks, or has as
    text against numbers: its `verdict` is what such a look comes to.
    """
    before, after = (samples.columns(side, reference, numbers=False) for side in (reference, window))
    columns = [_coded(name, before[name], after[name]) for name in before]
    return _npy([known for known, _ in columns]), _npy([seen for _, seen in columns])


def _coded(name: str, known: NDArray[Any], seen: NDArray[Any]) -> tuple[Floats, Floats]:
    if known.dtype.kind in "biuf":
        return known.astype(np.float64), samples.as_numbers(seen, name).astype(np.float64)
    from monitoring.measures import categories  # compiled code, which the web process does without

    (levels, before), (others, after) = categories.factorise(known), categories.factorise(seen)
    codes = {level: float(code) for code, level in enumerate([*levels, *(one for one in others if one not in levels)])}
    named = [
        np.array([*map(codes.__getitem__, names), np.nan])[indexes]
        for names, indexes in ((levels, before), (others, after))
    ]
    return named[0], named[1]


def _npy(columns: list[Floats]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.column_stack(columns), allow_pickle=False)
    return buffer.getvalue()


def _simulated(settings: Settings) -> Sequence[Problem]:
    least = 10 * settings["expected_run"]
    if settings["simulations"] < least:
        detail = f"{settings['simulations']} streams are too few to place an alarm once in {settings['expected_run']}"
        return [Problem("/settings/simulations", detail, f"At least {least}.")]
    return []


def _describe(name: str, settings: Settings, reference: str, window: str, state: State | None) -> Job:
    arguments = {
        "detector": name,
        "settings": settings,
        "arrays": {"reference": reference, "window": window},
        "state": state,
    }
    return Job(TASK, QUEUE, arguments)


def _read(answer: Mapping[str, Any]) -> tuple[Verdict, State | None]:
    """The verdict, its details with library and licence; and the state to send along with the next window."""
    details = {**answer["details"], "library": answer["library"], "licence": answer["licence"]}
    names = ("reason", "statistic", "threshold", "log10_p", "n", "missing")
    return Verdict(answer["verdict"], **{name: answer[name] for name in names}, details=details), answer["state"]


def _detector(
    name: str,
    title: str,
    properties: Properties,
    *,
    takes: Takes = "samples",
    fits: Fits = "any",
    contradictions: Contradictions = none,
) -> Remote:
    return Remote(
        name=f"alibi.{name}",
        title=title,
        library="alibi-detect",
        licence=licences.ALIBI,
        takes=takes,
        fits=fits,
        properties=properties,
        contradictions=contradictions,
        level="expected_run" if takes == "stream" else "alpha",
        describe=_describe,
        read=_read,
    )


ALL = [
    _detector("ks", "Kolmogorov-Smirnov by column", _SAMPLES, fits="numbers"),
    _detector("chi_square", "Chi-square of categories by column", _SAMPLES, fits="categories"),
    _detector(
        "classifier",
        "A classifier that tries to tell the samples apart",
        {
            **_SAMPLES,
            "classifier": choice("logistic_regression", "random_forest"),
            "train_share": number(0.5, least=0.1, most=0.9),
        },
    ),
    _detector(
        "classifier_uncertainty",
        "How certain the model is of its predictions",
        {**_SAMPLES, "uncertainty": choice("entropy", "margin"), "margin_width": number(0.1, above=0, most=1)},
        takes="predictions",
    ),
    _detector(
        "isolation_forest",
        "Outliers that random cuts isolate quickly",
        {**_OUTLIERS, "trees": count(100, least=10, most=1_000)},
    ),
    _detector(
        "mahalanobis",
        "Outliers far from the mean for their direction",
        {**_OUTLIERS, "components": count(3, least=1, most=100)},
    ),
    _detector(
        "mmd", "Maximum mean discrepancy (needs torch)", _PERMUTED, fits="numbers", contradictions=enough_permutations
    ),
    _detector(
        "lsdd",
        "Least-squares density difference (needs torch)",
        _PERMUTED,
        fits="numbers",
        contradictions=enough_permutations,
    ),
    _detector(
        "cvm_online",
        "Cramer-von Mises in sliding windows, with an expected run",
        _STREAM,
        takes="stream",
        contradictions=_simulated,
    ),
    _detector(
        "fet_online",
        "Fisher's exact test of a rate in sliding windows, with an expected run",
        {**_STREAM, "alternative": choice("greater", "less")},
        takes="stream",
        contradictions=_simulated,
    ),
]
