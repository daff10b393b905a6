"""Whether the slot answers in time, and whether it answers at all."""

from typing import Any

from monitoring.measures import intervals, quantiles
from monitoring.measures.estimate import Estimate
from monitoring.services.checks import finding
from monitoring.services.checks.finding import Finding
from monitoring.services.windows import Requests

CONFIDENCE = 0.95
#: What is held to a limit: one quantile of the latency and the error rate, so both intervals hold together.
EACH = intervals.bonferroni(CONFIDENCE, 2)
ALWAYS = (0.5, 0.95, 0.99)


def look(requests: Requests, asked: dict[str, Any]) -> Finding:
    """A quantile of the latency and the share of failed requests, each against its limit, where one is given."""
    latencies = requests.latencies_us / 1_000
    wanted = sorted({*ALWAYS, asked["quantile"]})
    by_quantile = {one: quantiles.quantile(latencies, one, name=_name(one), confidence=EACH) for one in wanted}
    errors = _share("error_rate", sum(requests.failures.get(cause, 0) for cause in asked["causes"]), requests.n)
    limits = [(errors, "<=", asked["error_rate"])]
    if asked["latency_ms"] is not None:
        limits.append((by_quantile[asked["quantile"]], "<=", asked["latency_ms"]))
    causes = [_share(f"failed_{cause}", count, requests.n) for cause, count in sorted(requests.failures.items())]
    return finding.against(requests, limits, [errors, *by_quantile.values(), *causes])


def _share(metric: str, count: int, n: int) -> Estimate:
    low, high = intervals.wilson(count, n, EACH)
    return Estimate(metric, count / n, low, high, EACH, n, "Wilson")


def _name(quantile: float) -> str:
    return f"latency_p{quantile * 100:g}_ms"
