"""A detector that goes along a stream of values; what it knows between two looks is plain JSON, and no pickle."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from monitoring.detectors.detector import Detector, State
from monitoring.detectors.settings import Settings
from monitoring.detectors.verdict import Decision, Verdict
from registry.errors import Invalid, Problem

FIGURES = ("statistic", "threshold", "log10_p")


class Running(Protocol):
    """A method at work on a stream."""

    def update(self, value: float) -> bool:
        """Take one value; whether it is an alarm, after which the method starts anew with the next."""

    def short(self) -> str:
        """Why it could not have raised an alarm yet, or nothing."""

    def measured(self) -> dict[str, Any]:
        """What it measures now: fields of a verdict."""

    def stored(self) -> State:
        """All of it, as plain JSON."""

    def resume(self, state: State) -> None:
        """Be what was stored. Raises ValueError on what never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Online(Detector):
    """A detector of this process: a state and the next values in, the next state and a verdict out."""

    make: Callable[[Settings], Running]
    version: Callable[[], str]

    def start(self, settings: Settings) -> State:
        """The state before the first value."""
        return self._state(settings, self.make(settings), seen=0)

    def advance(self, state: State, values: ArrayLike) -> tuple[State, Verdict]:
        """Look at the next values.

        What is missing or infinite is left out and counted; a share above `max_missing` refuses the look as a whole:
        then no value is taken, and the state is the same. Raises Invalid on a state that is none of this detector's.
        """
        running, settings = self._resumed(state), state["settings"]
        column = np.asarray(values, dtype=np.float64).ravel()
        whole = np.isfinite(column)
        missing = int(column.size - whole.sum())
        if refused := _refused(column.size, missing, settings["max_missing"]):
            return state, Verdict("not_evaluable", refused, missing=missing)
        alarms = []
        for place in np.flatnonzero(whole).tolist():
            if running.update(float(column[place])):
                alarms.append({"row": state["seen"] + place, **running.measured()})
        after = self._state(settings, running, seen=state["seen"] + column.size)
        return after, _verdict(running, alarms, n=column.size - missing, missing=missing)

    def _state(self, settings: Settings, running: Running, *, seen: int) -> State:
        return {
            "detector": self.name,
            "library": self.version(),
            "settings": settings,
            "seen": seen,
            "method": running.stored(),
        }

    def _resumed(self, state: State) -> Running:
        known = {"detector": self.name, "library": self.version()}
        if {name: state.get(name) for name in known} != known:
            raise _foreign(
                f"is of {state.get('detector')} in {state.get('library')}, not of {self.name} in {self.version()}"
            )
        running = self.make(state["settings"])
        try:
            running.resume(state["method"])
        except (ValueError, KeyError, TypeError) as error:
            raise _foreign(f"is damaged: {error}") from error
        return running


def _refused(size: int, missing: int, most: float) -> str:
    if missing == size:
        return "there is no value to look at"
    if missing > most * size:
        return f"{missing} of {size} values are missing or infinite, and at most a share of {most:g} may be"
    return ""


def _verdict(running: Running, alarms: list[dict[str, Any]], *, n: int, missing: int) -> Verdict:
    if alarms:
        reason = f"{len(alarms)} alarm{'s' * (len(alarms) > 1)}, the first at row {alarms[0]['row']}"
        measured = {name: alarms[0].get(name) for name in FIGURES}
        return Verdict("drift", reason, **measured, n=n, missing=missing, details={"alarms": alarms})
    measured = running.measured()
    figures = {name: measured.pop(name) for name in FIGURES if name in measured}
    short = running.short()
    decision: Decision = "not_evaluable" if short else "quiet"
    return Verdict(decision, short or "no alarm", **figures, n=n, missing=missing, details={"alarms": [], **measured})


def _foreign(detail: str) -> Invalid:
    remedy = "Begin anew from a fresh state."
    return Invalid("The state cannot be gone on from.", remedy=remedy, problems=[Problem("/state", detail, remedy)])
