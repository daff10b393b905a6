"""One look of each kind of monitor: the rows that came since the last one in, figures and one verdict out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitoring.models import Monitor
from monitoring.services import parameters, windows
from monitoring.services.checks import (
    answers,
    detectors,
    drift,
    estimated,
    explanations,
    fairness,
    performance,
    quality,
    service,
)
from monitoring.services.checks.finding import Elsewhere, Finding, not_evaluable
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Missing, References
from monitoring.services.windows import Read, Requests, Window
from registry.models import ModelVersion

Kind = Monitor.Kind
_CHECKS: dict[str, Callable[[Question], Finding | Elsewhere]] = {
    Kind.DRIFT: drift.look,
    Kind.OUTPUT_DRIFT: answers.look,
    Kind.PERFORMANCE: performance.look,
    Kind.ESTIMATED: estimated.look,
    Kind.FAIRNESS: fairness.look,
    Kind.QUALITY: quality.look,
    Kind.EXPLANATIONS: explanations.look,
    Kind.DETECTOR: detectors.look,
}


def look(monitor: Monitor, version: ModelVersion, until: datetime, *, references: References) -> Finding | Elsewhere:
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


def judge(question: Question) -> Finding | Elsewhere:
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


def answered(
    monitor: Monitor, version: ModelVersion, read: Read, answer: Mapping[str, Any], *, references: References
) -> Finding:
    """What came of a look that another environment has finished."""
    asked = parameters.completed(monitor.kind, monitor.parameters)
    question = Question(monitor, version, Window(read.since, read.until, []), asked, references)
    return replace(detectors.answered(question, answer), window=read)


def _too_few(window: Window | Requests, least: int, what: str) -> Finding | None:
    if window.n >= least:
        return None
    return not_evaluable(window, f"Only {window.n} {what} are there since the last look; the check needs {least}.")


__all__ = ["Elsewhere", "Finding", "Question", "answered", "judge", "look"]
