"""An estimate against a threshold, three-valued: by what its interval shows, not by where its value happens to lie."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitoring.measures.estimate import COLUMN, Estimate
from registry.gates import intervals, words
from registry.gates.intervals import Answer

_SIDES = {"<": "below", "<=": "at or below", ">": "above", ">=": "at or above"}
_OTHERWISE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Pass where the whole interval keeps the threshold, fail where all of it breaks it, else inconclusive; and why."""

    answer: Answer
    reason: str


def against(one: Estimate, op: str, threshold: float) -> Verdict:
    """Whether `one` is `op` (">=", ">", "<=", "<") the threshold, as policies' gates judge it.

    An estimate without a value or an interval shows nothing: inconclusive, with its own reason.
    """
    subject = _subject(one)
    if one.value is None or one.low is None or one.high is None:
        return Verdict("inconclusive", f"{subject} is undefined: {one.detail.get('reason', 'no interval')}.")
    answer = intervals.judge_interval(op, one.low, one.high, threshold)
    figure = f"{subject} is {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
    if answer == "inconclusive":
        return Verdict(answer, f"{figure}: the interval holds {threshold:g}, so nothing is shown either way.")
    side = _SIDES[op] if answer == "pass" else _SIDES[_OTHERWISE[op]]
    return Verdict(answer, f"{figure}: the whole interval is {side} {threshold:g}.")


def together(estimates: Iterable[Estimate], op: str, threshold: float) -> Verdict:
    """One verdict on the groups of a family: fail if one fails, pass if all pass, with the reason of the worst.

    Groups too small to be compared (`detail["excluded"]`) are no part of it. Where the intervals hold together, so
    does the verdict: a family of equals fails no more often than its confidence allows.
    """
    included = [one for one in estimates if not one.detail.get("excluded")]
    if not included:
        return Verdict("inconclusive", "No group is large enough to compare.")
    verdicts = [against(one, op, threshold) for one in included]
    return min(verdicts, key=lambda verdict: ("fail", "inconclusive", "pass").index(verdict.answer))


def _subject(one: Estimate) -> str:
    if one.attribute == COLUMN:
        return f"{words.name(one.metric)} of {one.group}"
    where = f" of {one.attribute}" if one.attribute else ""
    return words.name(one.metric) + where + (f" group {one.group}" if one.group else "")
