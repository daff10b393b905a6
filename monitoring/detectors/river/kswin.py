"""KSWIN: Kolmogorov-Smirnov between the newest values of a sliding window and a draw from its older ones.

Reference: C. Raab, M. Heusinger and F.-M. Schleif, Neurocomputing 416 (2020), 340-351.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from monitoring.detectors.detector import State
from monitoring.detectors.river import scaled
from monitoring.detectors.settings import SEED, Properties, Settings, count
from registry.errors import Problem


class Kswin:
    """Each value is tested at level `alpha`, so a run lasts 1 / (2 alpha) values at least.

    It lasts longer as neighbouring tests share their values.
    """

    PROPERTIES: Properties = {
        **scaled.PROPERTIES,
        "window": count(300, least=20, most=5_000),
        "newest": count(100, least=10, most=500),
        "seed": SEED,
    }

    @staticmethod
    def contradictions(settings: Settings) -> Sequence[Problem]:
        if 2 * settings["newest"] > settings["window"]:
            detail = f"{settings['newest']} values cannot be drawn from the older part of {settings['window']}"
            return [Problem("/settings/newest", detail, "At most half of the window.")]
        return []

    def __init__(self, settings: Settings) -> None:
        from river.drift import KSWIN  # a second to import, and the web process only reads settings

        alpha = 1 / (2 * settings["expected_run"])
        self.detector = KSWIN(alpha, settings["window"], settings["newest"], seed=settings["seed"])
        self.settings = settings

    def update(self, value: float) -> bool:
        self.detector.update(scaled.standard(value, self.settings))
        return bool(self.detector.drift_detected)

    def short(self) -> str:
        held, least = len(self.detector.window), self.settings["window"]
        return "" if held >= least or self.detector.drift_detected else scaled.short(held, least)

    def measured(self) -> dict[str, Any]:
        if self.short():
            return {}
        return {"log10_p": math.log10(max(self.detector.p_value, math.ulp(0.0))), "threshold": self.detector.alpha}

    def stored(self) -> State:
        version, numbers, spare = self.detector._rng.getstate()
        return {
            "window": list(self.detector.window),
            "n": self.detector.n,
            "p_value": float(self.detector.p_value),
            "random": [version, list(numbers), spare],
            "alarm": bool(self.detector.drift_detected),
        }

    def resume(self, state: State) -> None:
        version, numbers, spare = state["random"]
        self.detector._rng.setstate((version, tuple(numbers), spare))
        self.detector.window = deque(map(float, state["window"]), maxlen=self.settings["window"])
        self.detector.n, self.detector.p_value = state["n"], state["p_value"]
        self.detector._drift_detected = state["alarm"]
