"""One look of each kind of monitor: the rows that came since the last one in, figures and one verdict out."""

from collections.abc import Callable
from datetime import datetime

from monitoring.models import Monitor
from monitoring.services import parameters, windows
from monitoring.services.checks import (
    answers,
    drift,
    estimated,
    explanations,
    fairness,
    performance,
    quality,
    service,
)
from monitoring.services.checks.finding import Finding, not_evaluable
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Missing, References
from monitoring.services.windows import Requests, Window
from registry.models import ModelVersion

Kind = Monitor.Kind
_CHECKS: dict[str, Callable[[Question], Finding]] = {
    Kind.DRIFT: drift.look,
    Kind.OUTPUT_DRIFT: answers.look,
    Kind.PERFORMANCE: performance.look,
    Kind.ESTIMATED: estimated.look,
    Kind.FAIRNESS: fairness.look,
    Kind.QUALITY: quality.look,
    Kind.EXPLANATIONS: explanations.look,
}


def look(monitor: Monitor, version: ModelVersion, until: datetime, *, references: References) -> Finding:
    """Run a monitor's check on what came since its last evaluable look, up to a moment.

    Changes nothing but that references which nobody has made yet are made.
    """
    asked = parameters.completed(monitor.kind, monitor.parameters)
    span = windows.unread(monitor, version, until)
    if monitor.kind == Kind.SERVICE:
        requests = windows.requests(span, rows=asked["window_rows"])
        few = _too_few(requests, asked["min_n"], "requests")
        return few or service.look(requests, asked)
    read = windows.labelled if parameters.needs_labels(monitor.kind, asked) else windows.answered
    return judge(Question(monitor, version, read(span, rows=asked["window_rows"]), asked, references))


def judge(question: Question) -> Finding:
    """The check of a monitor on rows that are at hand: those of a look, or those of a replay."""
    labelled = parameters.needs_labels(question.monitor.kind, question.asked)
    what = "labelled predictions" if labelled else "predictions"
    few = _too_few(question.window, question.asked["min_n"], what)
    if few:
        return few
    try:
        return _CHECKS[question.monitor.kind](question)
    except Missing as missing:
        return not_evaluable(question.window, str(missing))


def _too_few(window: Window | Requests, least: int, what: str) -> Finding | None:
    if window.n >= least:
        return None
    return not_evaluable(window, f"Only {window.n} {what} are there since the last look; the check needs {least}.")


__all__ = ["Finding", "Question", "judge", "look"]
