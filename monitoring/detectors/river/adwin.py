"""ADWIN: a window that drops its older part when the means of the two differ.

Reference: A. Bifet and R. Gavalda, Proc. SIAM Int. Conf. Data Mining (2007), 443-448.
"""

import base64
import hashlib
from typing import Any

from monitoring.detectors.detector import State
from monitoring.detectors.river import scaled
from monitoring.detectors.settings import Properties, Settings, count


class Adwin:
    """At each check, every `clock` values, it cuts wrongly with probability `delta` at most.

    So a run is told to last clock / (2 delta) values; the bound is a loose one, and it lasts far longer.
    """

    PROPERTIES: Properties = {**scaled.PROPERTIES, "clock": count(32, least=1, most=10_000)}

    def __init__(self, settings: Settings) -> None:
        from river.drift import ADWIN  # a second to import, and the web process only reads settings

        delta = min(0.5, settings["clock"] / (2 * settings["expected_run"]))
        self.detector = ADWIN(delta=delta, clock=settings["clock"])
        self.settings = settings
        self.mean_before = 0.0

    def update(self, value: float) -> bool:
        self.mean_before = self.detector.estimation
        self.detector.update(scaled.standard(value, self.settings))
        return bool(self.detector.drift_detected)

    def short(self) -> str:
        least = max(self.settings["clock"], self.detector.grace_period)
        return "" if self.detector.width >= least else scaled.short(int(self.detector.width), least)

    def measured(self) -> dict[str, Any]:
        width, mean = int(self.detector.width), self.detector.estimation
        moved = abs(mean - self.mean_before) if self.detector.drift_detected else None
        return {"statistic": moved, "window": width, "mean": mean}

    def stored(self) -> State:
        numbers: bytes = self.detector._helper.__getstate__()
        return {
            "window": base64.b64encode(numbers).decode(),
            "sha256": hashlib.sha256(numbers).hexdigest(),
            "alarm": bool(self.detector.drift_detected),
        }

    def resume(self, state: State) -> None:
        numbers = base64.b64decode(state["window"], validate=True)
        # The compiled part ends the process's thread with a panic on bytes that it did not write.
        if hashlib.sha256(numbers).hexdigest() != state["sha256"]:
            raise ValueError("the window does not have its digest")
        self.detector._helper.__setstate__(numbers)
        self.detector._drift_detected = state["alarm"]
