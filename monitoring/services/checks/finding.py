"""What a look comes to, the same for every kind."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from monitoring.measures import verdicts
from monitoring.measures.estimate import Estimate
from monitoring.models import MonitorRun
from monitoring.services.windows import Read, Requests, Window

Verdict = MonitorRun.Verdict
Figures = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict, why in words, and the figures.

    main: the figure that decided, with its limit. impact: how much of the version's metric it costs, 0 is nothing.
    progress: what a test over time carries to the next look; None where there is none.
    """

    window: Window | Requests | Read
    verdict: str
    reason: str
    figures: Figures = field(default_factory=list)
    main: dict[str, Any] | None = None
    impact: float | None = None
    progress: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A look that another environment finishes: the detector, its settings, the reference's and the window's bytes."""

    window: Window
    detector: str
    settings: dict[str, Any]
    arrays: tuple[bytes, bytes]
    state: dict[str, Any] | None = None


def not_evaluable(window: Window | Requests | Read, reason: str, figures: Iterable[Estimate] = ()) -> Finding:
    """Nothing is said about the window, and its rows are read again by the next look."""
    return Finding(window, Verdict.NOT_EVALUABLE, reason, told(figures))


def told(figures: Iterable[Estimate]) -> Figures:
    return [asdict(one) for one in figures]


def main_of(one: Estimate, limit: float | None) -> dict[str, Any]:
    """An estimate as the figure that decided a look."""
    name = " ".join(filter(None, (one.metric, one.attribute, one.group)))
    return {"name": name, "value": one.value, "low": one.low, "high": one.high, "limit": limit, "n": one.n}


def against(
    window: Window | Requests,
    limits: Sequence[tuple[Estimate, str, float]],
    figures: Iterable[Estimate],
) -> Finding:
    """An alarm where the whole interval of one estimate breaks its limit: the data, not luck, must say so.

    limits: what decides, each with ">=" or "<=" and its limit; of several the worst is named, which is the one furthest
    beyond its limit, measured in the limit.
    """
    judged = [(verdicts.against(one, op, limit), one, op, limit) for one, op, limit in limits if one.value is not None]
    if not judged:
        reasons = [verdicts.against(one, op, limit).reason for one, op, limit in limits]
        return not_evaluable(window, reasons[0] if reasons else "There is nothing to judge.", figures)
    verdict, worst, _, limit = min(judged, key=lambda one: (_RANK.index(one[0].answer), _room(*one[1:])))
    if worst.low is None or worst.high is None:
        return not_evaluable(window, verdict.reason, figures)
    found = Verdict.ALARM if verdict.answer == "fail" else Verdict.QUIET
    return Finding(window, found, verdict.reason, told(figures), main_of(worst, limit))


_RANK = ("fail", "inconclusive", "pass")


def _room(one: Estimate, op: str, limit: float) -> float:
    """How far the value is inside the limit, in limits; negative beyond it."""
    assert one.value is not None
    room = one.value - limit if op == ">=" else limit - one.value
    return room / abs(limit) if limit else room
