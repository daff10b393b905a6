"""Every detector of this worker by name: from digests and settings to an answer."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workers.alibi import missing, online, outliers, samples, store
from workers.alibi.answers import Refused

Settings = dict[str, Any]
Found = dict[str, Any]
State = dict[str, Any]
Watch = Callable[[store.Rows, store.Rows, missing.Places, Settings, State | None], Found]

COMPARING: dict[str, samples.Compare] = {
    "alibi.chi_square": samples.chi_square,
    "alibi.classifier": samples.classifier,
    "alibi.classifier_uncertainty": samples.uncertainty,
    "alibi.isolation_forest": outliers.isolation_forest,
    "alibi.ks": samples.ks,
    "alibi.lsdd": samples.lsdd,
    "alibi.mahalanobis": outliers.mahalanobis,
    "alibi.mmd": samples.mmd,
}
WATCHING: dict[str, Watch] = {
    "alibi.cvm_online": online.cramer_von_mises,
    "alibi.fet_online": online.fisher,
}


def look(detector: str, settings: Settings, arrays: Mapping[str, str], state: State | None) -> Found:
    """What the detector finds in the window. Raises Refused.

    The same settings, arrays and state give the same answer: what is random comes from `settings["seed"]`.
    """
    if detector not in COMPARING and detector not in WATCHING:
        raise Refused("unknown", f"There is no detector {detector!r} here.")
    reference, window = (store.rows(arrays[name]) for name in ("reference", "window"))
    if reference.shape[1] != window.shape[1]:
        raise Refused("array", f"{reference.shape[1]} columns in the reference, {window.shape[1]} in the window.")
    np.random.seed(settings["seed"] % 2**32)
    if detector in COMPARING:
        return _compare(COMPARING[detector], reference, window, settings)
    found = _watch(WATCHING[detector], reference, window, settings, _own(state, arrays["reference"], settings))
    found["state"] |= {"reference": arrays["reference"], "settings": settings}
    return found


def _compare(compare: samples.Compare, reference: store.Rows, window: store.Rows, settings: Settings) -> Found:
    known, _ = missing.split("reference", reference, settings)
    seen, places = missing.split("window", window, settings)
    found = {"threshold": settings["alpha"], **compare(known, seen, settings)}
    for row in found["details"].get("rows", []):
        row["row"] = int(places[row["row"]])
    return _counted(found, reference, known, window, seen)


def _watch(watch: Watch, reference: store.Rows, window: store.Rows, settings: Settings, state: State | None) -> Found:
    known, _ = missing.split("reference", reference, settings)
    seen, places = missing.split("window", window, settings)
    before = state["seen"] if state else 0
    found = watch(known, seen, places + before, settings, state)
    found["state"]["seen"] = before + len(window)
    return _counted(found, reference, known, window, seen)


def _counted(found: Found, reference: store.Rows, known: store.Rows, window: store.Rows, seen: store.Rows) -> Found:
    found["details"]["reference_missing"] = len(reference) - len(known)
    return {**found, "n": len(seen), "missing": len(window) - len(seen)}


def _own(state: State | None, reference: str, settings: Settings) -> State | None:
    """A state belongs to the reference and the settings it began with."""
    if state is not None and (state["reference"], state["settings"]) != (reference, settings):
        raise Refused("state", "The state is that of another reference or of other settings: begin anew.")
    return state
