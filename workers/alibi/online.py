"""alibi-detect's online detectors: thresholds for an expected run, simulated once, then row after row.

Between two looks the detector is its thresholds and its last rows, as plain JSON; a look that goes on from there
answers as one that never stopped. Its own way to save itself is pickle, which we never load.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.alibi.answers import Refused
from workers.alibi.missing import Places
from workers.alibi.store import Rows

Settings = dict[str, Any]
Found = dict[str, Any]
State = dict[str, Any]
Statistics = NDArray[np.float32]

ATTEMPTS = 20  # for FETDriftOnline, see `_simulated`
NEVER = 2.0  # above every draw from [0, 1): stands for infinity, which JSON has not


def cramer_von_mises(reference: Rows, window: Rows, places: Places, settings: Settings, state: State | None) -> Found:
    """Cramer-von Mises in sliding windows (`CVMDriftOnline`)."""
    from alibi_detect.cd import CVMDriftOnline  # seconds to import, and the worker is asked for other things too

    return _watched(CVMDriftOnline, reference, window, places, settings, state)


def fisher(reference: Rows, window: Rows, places: Places, settings: Settings, state: State | None) -> Found:
    """Fisher's exact test on yes and no in sliding windows, for a rate that goes up or down (`FETDriftOnline`)."""
    from alibi_detect.cd import FETDriftOnline  # as above

    if not (np.isin(reference, (0, 1)).all() and np.isin(window, (0, 1)).all()):
        raise Refused("array", "Fisher's test takes zeros and ones.")
    return _watched(
        FETDriftOnline, reference != 0, window != 0, places, settings, state, alternative=settings["alternative"]
    )


def _watched(
    kind: Any, reference: Any, window: Any, places: Places, settings: Settings, state: State | None, **options: Any
) -> Found:
    known = _drawn(reference, settings)
    details: dict[str, Any] = {"expected_run": settings["expected_run"], "reference_rows": len(known)}
    options |= {"ert": float(settings["expected_run"]), "window_sizes": sorted(settings["windows"]), "verbose": False}
    if state is None:
        detector, details["attempts"] = _simulated(kind, known, settings, options)
    else:
        detector = _resumed(kind, known, state, options)
    alarms, last = _advance(detector, window, places, settings["seed"])
    return _found(detector, alarms, last, details) | {"state": _state(detector)}


def _drawn(reference: Any, settings: Settings) -> Any:
    """At most so many rows of the reference: what the simulation costs grows with their square."""
    most = settings["reference_rows"]
    if len(reference) <= most:
        return reference
    return reference[np.sort(np.random.default_rng(settings["seed"]).choice(len(reference), most, replace=False))]


def _simulated(kind: Any, known: Any, settings: Settings, options: dict[str, Any]) -> tuple[Any, int]:
    """The detector with new thresholds. FETDriftOnline may fail to find any, by a rounding in its own search: the
    probability that it draws with comes out above 1. Another seed is as good, and how many it took is in the answer."""
    problem = ""
    for attempt in range(ATTEMPTS):
        np.random.seed((settings["seed"] + attempt) % 2**32)
        try:
            return kind(known, n_bootstraps=settings["simulations"], **options), attempt + 1
        except ValueError as error:
            problem = str(error)
            if "p < 0, p > 1" not in problem:
                break
    raise Refused("failed", f"{kind.__name__} found no thresholds for these settings: {problem}")


def _resumed(kind: Any, known: Any, state: State, options: dict[str, Any]) -> Any:
    """The detector as it was: thresholds as stored, windows filled with the rows that were in them."""

    class Stored(kind):
        def _configure_thresholds(self) -> None:
            before = np.full((state["before"], len(state["thresholds"][0])), np.nan)
            self.thresholds = np.vstack([before, np.array(state["thresholds"])])
            if state["permitted"] is not None:
                self.thresholds = self.thresholds.astype(np.float32)
                self.permit_probs = np.vstack([before, np.array(state["permitted"])])

    detector = Stored(known, n_bootstraps=1, **options)
    for row in np.array(state["recent"], dtype=known.dtype):
        detector.score(row)
    detector.t = state["t"]
    if state["last"] is not None:
        detector.test_stats = _statistics(state["last"])[None]
    return detector


def _advance(detector: Any, window: Any, places: Places, seed: int) -> tuple[list[dict[str, Any]], Statistics | None]:
    """Feed the rows; after an alarm the windows start anew. Returns the alarms, and the last row's statistics."""
    alarms: list[dict[str, Any]] = []
    last = None
    for place, row in zip(places.tolist(), window, strict=True):
        # FETDriftOnline draws at ties: by the row's place, so that it does not matter where a look began.
        np.random.seed((seed + place) % 2**32)
        data = detector.predict(row)["data"]
        last = data["test_stat"]
        if data["is_drift"]:
            alarms.append({"row": place, **_largest(last, data["threshold"])})
            detector.reset_state()
        else:
            _forget(detector)
    return alarms, last


def _forget(detector: Any) -> None:
    """It keeps every row and statistic for ever, copied at each step; only these are read again."""
    detector.test_stats = detector.test_stats[-1:]
    detector.drift_preds = detector.drift_preds[-1:]
    detector.xs = detector.xs[-detector.max_ws :]


def _found(detector: Any, alarms: list[dict[str, Any]], last: Statistics | None, details: dict[str, Any]) -> Found:
    details["alarms"] = alarms
    if alarms:
        first = alarms[0]
        found = {"verdict": "drift", "reason": f"{len(alarms)} alarms, the first at row {first['row']}"}
        return {**found, "statistic": first["statistic"], "threshold": first["threshold"], "details": details}
    if last is None or np.isnan(last).all():
        reason = f"{detector.t} rows since the start or the last alarm: the smallest window takes {detector.min_ws}"
        return {"verdict": "not_evaluable", "reason": reason, "details": details}
    largest = _largest(last, detector.get_threshold(detector.t - 1))
    return {"verdict": "quiet", "reason": "no statistic above its threshold", **largest, "details": details}


def _largest(statistics: Statistics, thresholds: NDArray[np.floating]) -> dict[str, float]:
    """Of the windows and columns, that nearest to its threshold or farthest above."""
    highest = np.nanmax(statistics, axis=0)
    limits = np.broadcast_to(thresholds, highest.shape)
    column = int(np.argmax(highest - limits))
    return {"statistic": float(highest[column]), "threshold": float(limits[column])}


def _state(detector: Any) -> State:
    before = int(detector.min_ws) - 1
    permitted = getattr(detector, "permit_probs", None)
    last = detector.test_stats[-1] if len(detector.test_stats) else None
    return {
        "t": int(detector.t),
        "before": before,
        "thresholds": detector.thresholds[before:].tolist(),
        "permitted": None if permitted is None else np.minimum(permitted[before:], NEVER).tolist(),
        "recent": np.asarray(detector.xs).reshape(-1, detector.n_features).astype(float).tolist(),
        "last": None if last is None else [[None if np.isnan(x) else float(x) for x in row] for row in last],
    }


def _statistics(stored: list[list[float | None]]) -> Statistics:
    return np.array([[np.nan if x is None else x for x in row] for row in stored], dtype=np.float32)
