"""What every estimate of one call shares: confidence, rows, and what its record says of how it was made."""

from dataclasses import dataclass

from monitoring.measures.estimate import Detail, Estimate


@dataclass(frozen=True, slots=True)
class Frame:
    """Makes the estimates of one call, so that each says the same of rows, draws and seed."""

    confidence: float
    n: int
    detail: Detail
    draws: int
    seed: int

    def undefined(self, metric: str, method: str, reason: str) -> Estimate:
        return Estimate(
            metric, None, None, None, self.confidence, self.n, method, detail={**self.detail, "reason": reason}
        )

    def bootstrapped(self, metric: str, value: float, interval: tuple[float, float] | None, method: str) -> Estimate:
        low, high = interval or (None, None)
        detail = {**self.detail, "draws": self.draws, "seed": self.seed}
        return Estimate(metric, value, low, high, self.confidence, self.n, method, detail=detail)
