"""Why a figure may not be judged: about something else, too old, too small, too late, or not what was asked for."""

import math
from datetime import timedelta

from registry.gates import selection, words
from registry.gates.facts import Evidence, Facts
from registry.gates.policy import BoundRequirement, FieldRequirement, Gate
from registry.gates.results import Verdict

CLOCK_SKEW = timedelta(minutes=5)
Obstacle = tuple[Verdict, str]


def obstacle(gate: Gate, item: Evidence, facts: Facts) -> Obstacle | None:
    """The first reason not to judge a figure, with the verdict that says so."""
    about = words.subject(item)
    return (
        _binding(gate, item, facts, about)
        or _time(gate, item, facts, about)
        or _pairing(gate, item, about)
        or (_size(gate, item, about) if isinstance(gate.require, BoundRequirement) else None)
        or _form(gate.require, item, about)
    )


def _binding(gate: Gate, item: Evidence, facts: Facts, about: str) -> Obstacle | None:
    missing = selection.unbound(gate, item, facts.subjects)
    if missing:
        return "not_evaluable", f"{about} is not bound to the digest of the {missing} under decision"
    if selection.incomparable(gate, item, facts.subjects):
        return "not_evaluable", f"{about} names what it was compared with, and the request has nothing to compare with"
    changed = selection.outdated(gate, item, facts.subjects)
    if changed:
        others = " and another ".join(item.against if key == "against" else key for key in changed)
        return "stale", f"{about} was measured with another {others} than the request names"
    return None


def _time(gate: Gate, item: Evidence, facts: Facts, about: str) -> Obstacle | None:
    if item.produced_at > facts.now + CLOCK_SKEW:
        return "not_evaluable", f"{about} is dated in the future ({item.produced_at.isoformat()})"
    age = facts.now - item.produced_at
    if gate.max_age_days is not None and age > timedelta(days=gate.max_age_days):
        return "stale", f"{about} is {age.days} days old; the policy accepts {gate.max_age_days}"
    started = item.started_at or item.produced_at
    if gate.preregistered and facts.policy_effective_from > started:
        effective = facts.policy_effective_from.isoformat()
        return "not_evaluable", (
            f"{about} was tested at {started.isoformat()}, before the policy took effect at {effective}; "
            "a threshold must be older than the test that meets it, so test again"
        )
    return None


def _pairing(gate: Gate, item: Evidence, about: str) -> Obstacle | None:
    if gate.evidence.paired and item.fields.get("paired") is not True:
        return "not_evaluable", f"{about} is not a paired comparison, which the policy asks for"
    return None


def _size(gate: Gate, item: Evidence, about: str) -> Obstacle | None:
    if gate.min_n is None:
        return None
    if item.n is None:
        return "not_evaluable", f"{about} does not state its n; the policy asks for at least {gate.min_n:,}"
    if item.n < gate.min_n:
        return "not_evaluable", f"{about} rests on n = {item.n:,}; the policy asks for at least {gate.min_n:,}"
    return None


def _form(require: BoundRequirement | FieldRequirement, item: Evidence, about: str) -> Obstacle | None:
    if isinstance(require, FieldRequirement):
        missing = item.fields.get(require.field) is None
        return ("not_evaluable", f"{about} has no field {require.field!r}") if missing else None
    if item.value is None or not math.isfinite(item.value):
        return "not_evaluable", f"{about} has no value"
    if require.bound == "point":
        return None
    if item.low is None or item.high is None or not item.low <= item.high:
        return "not_evaluable", f"{about} has no interval, and the gate judges the interval"
    if item.confidence is None or item.confidence < (require.confidence or 0.0):
        stated = "no stated confidence" if item.confidence is None else f"{words.percent(item.confidence)} confidence"
        asked = words.percent(require.confidence or 0.0)
        return "not_evaluable", f"{about} has an interval of {stated}; the policy asks for {asked}"
    return None
