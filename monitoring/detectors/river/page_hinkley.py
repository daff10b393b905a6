"""Page-Hinkley: the deviations from the mean so far, less an allowance, summed up since their lowest point.

Reference: E. S. Page, Biometrika 41 (1954), 100-115.
"""

import math
from typing import Any

from monitoring.detectors.detector import State
from monitoring.detectors.river import scaled
from monitoring.detectors.settings import Properties, Settings, choice, count, number


class PageHinkley:
    """`allowance` is half of the smallest shift of interest, in standard deviations.

    The threshold is that of a cumulative sum of normal values with a known mean: D. Siegmund, Sequential Analysis
    (1985), 2.52; an unknown mean only makes alarms rarer, heavy tails make them more frequent.
    """

    PROPERTIES: Properties = {
        **scaled.PROPERTIES,
        "allowance": number(0.25, above=0.01, most=5),
        "direction": choice("both", "up", "down"),
        "least": count(30, least=1, most=100_000),
    }

    def __init__(self, settings: Settings) -> None:
        from river.drift import PageHinkley as Method  # a second to import, and the web process only reads settings

        sides = 2 if settings["direction"] == "both" else 1
        self.detector = Method(
            min_instances=settings["least"],
            delta=settings["allowance"],
            threshold=_threshold(settings["allowance"], sides * settings["expected_run"]),
            mode=settings["direction"],
            # Forgetting draws the sums back to zero and so eats up the allowance: after some thousand values it would
            # alarm three times as often as its threshold states.
            alpha=1.0,
        )
        self.settings = settings

    def update(self, value: float) -> bool:
        self.detector.update(scaled.standard(value, self.settings))
        return bool(self.detector.drift_detected)

    def short(self) -> str:
        seen, least = int(self.detector._x_mean.n), self.settings["least"]
        return "" if seen >= least else scaled.short(seen, least)

    def measured(self) -> dict[str, Any]:
        if self.detector._x_mean.n == 0:
            return {"threshold": self.detector.threshold}
        up = self.detector._sum_increase - self.detector._min_increase
        down = self.detector._max_decrease - self.detector._sum_decrease
        sums = {"up": [up], "down": [down], "both": [up, down]}[self.settings["direction"]]
        return {"statistic": max(sums), "threshold": self.detector.threshold, "mean": self.detector._x_mean.get()}

    def stored(self) -> State:
        names = ("_sum_increase", "_sum_decrease", "_min_increase", "_max_decrease")
        sums = {name: getattr(self.detector, name) for name in names}
        mean = self.detector._x_mean
        # Before the first value the lowest point is infinite, which JSON has not.
        return {
            "sums": {name: value if math.isfinite(value) else None for name, value in sums.items()},
            "n": mean.n,
            "mean": mean._mean,
            "alarm": bool(self.detector.drift_detected),
        }

    def resume(self, state: State) -> None:
        for name, value in state["sums"].items():
            if value is not None:
                setattr(self.detector, name, float(value))
        self.detector._x_mean.n, self.detector._x_mean._mean = float(state["n"]), float(state["mean"])
        self.detector._drift_detected = state["alarm"]


def _threshold(allowance: float, run: float) -> float:
    """Where a one-sided cumulative sum of standard normal values crosses once in `run` values, by bisection."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        exponent = 2 * allowance * (middle + 1.166)
        lasts = math.inf if exponent > 700 else (math.exp(exponent) - exponent - 1) / (2 * allowance**2)
        low, high = (middle, high) if lasts < run else (low, middle)
    return high
