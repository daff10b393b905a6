"""Our drift measure: every column by effect and significance, with one false-discovery rate over all of them."""

from dataclasses import asdict
from typing import Any

from monitoring.detectors import licences
from monitoring.detectors.detector import Offline
from monitoring.detectors.samples import Columns
from monitoring.detectors.settings import Properties, Settings, count, number
from monitoring.detectors.verdict import Verdict

_SETTINGS: Properties = {
    "fdr": number(0.05, above=0, most=0.5),
    "psi_floor": number(0.1, most=10),
    "min_n": count(200, least=1, most=1_000_000),
}


def _profile(settings: Settings, reference: Columns) -> Any:
    from monitoring.measures import profiles  # compiled code, which the web process does without

    kinds: dict[str, profiles.Kind] = {
        name: "numeric" if column.dtype.kind in "biuf" else "categorical" for name, column in reference.items()
    }
    return profiles.make(reference, kinds)


def _drift(settings: Settings, profile: Any, window: Columns) -> Verdict:
    """By column, with one false-discovery rate; what is missing is a value like others, and its share may drift too."""
    from monitoring.measures import drift  # as above

    report = drift.drift(profile, window, **settings)
    top = report.columns[0] if report.columns else None
    return Verdict(
        report.verdict,
        report.reason,
        statistic=top.column.excess if top else None,
        threshold=settings["psi_floor"],
        log10_p=top.adjusted_log10_p if top else None,
        n=report.n,
        missing=max((one.column.n - one.column.present for one in report.columns), default=0),
        details={"columns": [asdict(one.column) | {"drifted": one.drifted} for one in report.columns]},
    )


DRIFT = Offline(
    name="ours.drift",
    title="Every column by effect and significance, with one false-discovery rate",
    library="ours",
    licence=licences.OURS,
    takes="samples",
    properties=_SETTINGS,
    level="fdr",
    ready=_profile,
    look=_drift,
)
