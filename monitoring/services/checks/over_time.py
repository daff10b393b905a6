"""A shift that is looked for at every look, for ever: evidence is carried from look to look, so that luck adds up to
no more than one false alarm in so many looks."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from monitoring.measures import sequential
from monitoring.measures.drift import DriftReport
from monitoring.measures.sequential import Evidence
from monitoring.services.checks import impact
from monitoring.services.checks.finding import Figures, Finding, Verdict
from monitoring.services.checks.question import Question


def judged(question: Question, report: DriftReport) -> Finding:
    """An alarm where the evidence of all looks rings and this look's shift is larger than its replayed null."""
    figures = told(report)
    if report.verdict == "not_evaluable":
        return Finding(question.window, Verdict.NOT_EVALUABLE, _sentence(report.reason), figures)
    progress = weighed(question, (one.column.log10_p for one in report.columns))
    worst = report.columns[0]
    main = {
        "name": f"psi {worst.column.name}",
        "value": worst.column.psi,
        "low": None,
        "high": None,
        "limit": worst.threshold,
        "n": report.n,
    }
    if report.verdict != "drift":
        return Finding(question.window, Verdict.QUIET, _sentence(report.reason), figures, main, progress=progress)
    between = question.asked["looks_between"]
    if not sequential.rings(Evidence(progress["log_e"], progress["looks"]), looks_between=between):
        weight = progress["log_e"] / math.log(between)
        waiting = f"{_sentence(report.reason)} The looks so far weigh {weight:.0%} of an alarm."
        return Finding(question.window, Verdict.QUIET, waiting, figures, main, progress=progress)
    cost = impact.estimated(question)
    return Finding(question.window, Verdict.ALARM, _sentence(report.reason), figures, main, cost, progress)


def weighed(question: Question, log10_ps: Iterable[float]) -> dict[str, Any]:
    """One look more in the monitor's progress, which begins anew with another version.

    It never grows beyond what an alarm needs, so that it is soon forgotten once a shift is over; that can only make
    false alarms rarer.
    """
    carried, version = question.monitor.progress, str(question.version.pk)
    before = Evidence()
    if carried.get("version") == version:
        before = Evidence(carried["log_e"], carried["looks"])
    after = sequential.weigh(before, sequential.simes(log10_ps))
    enough = math.log(question.asked["looks_between"])
    return {"version": version, "log_e": min(after.log_e, enough), "looks": after.looks}


def told(report: DriftReport) -> Figures:
    """One figure a column, by falling effect; and the two columns that belong together least as they did."""
    return [
        *_columns(report),
        *([] if report.correlation is None else [{"correlation": asdict(report.correlation)}]),
    ]


def _columns(report: DriftReport) -> Figures:
    return [
        {
            "metric": "psi",
            **{name: getattr(one.column, name) for name in one.column.__slots__},
            "adjusted_p": one.adjusted_p,
            "threshold": one.threshold,
            "drifted": one.drifted,
        }
        for one in report.columns
    ]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
