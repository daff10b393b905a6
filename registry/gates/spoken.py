"""The parts of a policy in plain words, for people who do not read YAML."""

import re
from collections.abc import Sequence

from registry.gates import words
from registry.gates.conditions import AllOf, AnyOf, Comparison, Condition, Not
from registry.gates.policy import Monitor, Retrain, Rollout, Separation, Step, Waivable

COMPARED = {"eq": "is", "in": "is", "gte": "is at least", "lte": "is at most", "within": "is within the last"}
UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day", "TH": "hour", "TM": "minute", "TS": "second"}
EFFECTS = {"block": "blocks", "review": "goes before a person", "warn": "warns"}


def length(duration: str) -> str:
    """`P1Y6M` as `1 year and 6 months`."""
    date, _, time = duration.removeprefix("P").partition("T")
    parts = [(count, unit) for count, unit in re.findall(r"(\d+)([YMWD])", date)]
    parts += [(count, f"T{unit}") for count, unit in re.findall(r"(\d+)([HMS])", time)]
    return " and ".join(f"{count} {UNITS[unit]}{'' if count == '1' else 's'}" for count, unit in parts)


def condition(test: Condition | None) -> str:
    """`model.risk_tier is high and not (...)`; always, where there is no condition."""
    match test:
        case None:
            return "always"
        case AllOf(parts):
            return " and ".join(_inner(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_inner(part) for part in parts)
        case Not(part):
            return f"not ({condition(part)})"
        case Comparison(field, "exists", operand):
            return f"{field} is {'known' if operand else 'not known'}"
        case Comparison(field, operator, operand):
            values = operand if isinstance(operand, tuple) else (operand,)
            shown = " or ".join(length(one) if operator == "within" else words.plain(one) for one in values)
            return f"{field} {COMPARED[operator]} {shown}"


def _inner(test: Condition) -> str:
    return f"({condition(test)})" if isinstance(test, AllOf | AnyOf) else condition(test)


def waiving(waivable: Waivable | None) -> str:
    """Who may set a gate aside, for how long, and with what."""
    if waivable is None or waivable.max_days is None:
        return "No waiver is possible"
    needs = f", with {' and '.join(role(one) for one in waivable.needs)}" if waivable.needs else ""
    by = " or ".join(role(one) for one in waivable.by)
    return f"It may be waived by a {by} and a second person for {waivable.max_days} days at most{needs}"


def step(asked: Step) -> str:
    """One step of the chain."""
    who = f"{asked.quorum} {role(asked.role)}{'' if asked.quorum == 1 else 's'}"
    return f"{who} ({role(asked.meaning)})" + (f" within {length(asked.due_in)}" if asked.due_in else "")


def separation(rule: Separation) -> str:
    """Who may not be the same person, or of the same team."""
    if rule.not_same_person:
        return f"No two of these are one person: {', '.join(rule.not_same_person)}"
    return f"No two of these are in one team: {', '.join(rule.not_same_team)}"


def rollout(plan: Rollout | None) -> str:
    """By which steps a version takes over, and what rolls it back."""
    if plan is None:
        return "At once, for all traffic"
    steps = ", ".join(f"{share} %" for share in plan.canary.steps) if plan.canary else "all traffic at once"
    test = plan.canary.sequential_test if plan.canary else None
    watched = f", watched by a test on {', '.join(test.metrics)} at {words.percent(test.alpha)}" if test else ""
    back = f"; rolled back on {', '.join(plan.rollback.automatic_on)}" if plan.rollback else ""
    return f"By steps: {steps}{watched}{back}"


def monitoring(monitors: Sequence[Monitor]) -> str:
    """What is watched after deployment."""
    return "; ".join(_monitor(one) for one in monitors)


def _monitor(one: Monitor) -> str:
    of = f" of {one.attribute}" if one.attribute else ""
    return f"{one.id} ({one.test or one.metric}{of}) every {length(one.cadence)}"


def retrain(rule: Retrain | None) -> str:
    """What starts a retraining."""
    return f"On {', '.join(rule.when)} a candidate is trained, and never deployed by itself" if rule else ""


def role(name: str) -> str:
    """`risk_officer` as it is spoken."""
    return name.replace("_", " ")
