"""Conditions of a policy (applies_when, skip_when): data, never code; three-valued, never raising."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.gates import durations, kleene

Scalar = str | int | float | bool
OPERATORS = ("eq", "in", "gte", "lte", "exists", "within")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field against one operand: eq, in, gte, lte, exists, or within (a duration before now)."""

    field: str
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must hold."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: "Condition"


Condition = Comparison | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Answer:
    """True, False, or None with the sentences that say what could not be told."""

    value: bool | None
    unknown: tuple[str, ...] = ()


def parse(document: Mapping[str, Any]) -> Condition:
    """Build a condition from a document that the policy schema has accepted."""
    if "all" in document:
        return AllOf(tuple(parse(part) for part in document["all"]))
    if "any" in document:
        return AnyOf(tuple(parse(part) for part in document["any"]))
    if "not" in document:
        return Not(parse(document["not"]))
    operator = next(name for name in OPERATORS if name in document)
    operand = document[operator]
    return Comparison(document["field"], operator, tuple(operand) if isinstance(operand, list) else operand)


def evaluate(condition: Condition, context: Mapping[str, Any], now: datetime) -> Answer:
    """Answer a condition on nested context; a field that is absent or of the wrong kind makes it unknown."""
    match condition:
        case AllOf(parts):
            answers = [evaluate(part, context, now) for part in parts]
            return _joined(kleene.conjunction(answer.value for answer in answers), answers)
        case AnyOf(parts):
            answers = [evaluate(part, context, now) for part in parts]
            return _joined(kleene.disjunction(answer.value for answer in answers), answers)
        case Not(part):
            answer = evaluate(part, context, now)
            return _joined(kleene.negation(answer.value), [answer])
        case Comparison():
            return _compare(condition, lookup(context, condition.field), now)


def lookup(context: Mapping[str, Any], field: str) -> Any:
    """The value under a dotted name, or None when any part of the way is missing."""
    value: Any = context
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def fields(condition: Condition) -> Iterator[str]:
    """Every field that a condition reads, in its order."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from fields(part)
        case Not(part):
            yield from fields(part)
        case Comparison():
            yield condition.field


def equal(value: object, wanted: object) -> bool:
    """Equality that tells true from 1, as JSON does and Python does not."""
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _joined(value: bool | None, answers: list[Answer]) -> Answer:
    if value is not None:
        return Answer(value)
    return Answer(None, tuple(reason for answer in answers for reason in answer.unknown))


def _compare(test: Comparison, value: Any, now: datetime) -> Answer:
    if test.operator == "exists":
        return Answer((value is not None) == test.operand)
    if value is None:
        return Answer(None, (f"{test.field} is not known.",))
    match test.operator:
        case "gte" | "lte":
            return _ordered(test, value)
        case "within":
            return _recent(test, value, now)
    if not isinstance(value, str | int | float):
        return Answer(None, (f"{test.field} is not a single value.",))
    wanted = test.operand if test.operator == "in" else (test.operand,)
    return Answer(any(equal(value, one) for one in wanted))


def _ordered(test: Comparison, value: Any) -> Answer:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return Answer(None, (f"{test.field} is not a number.",))
    return Answer(value >= test.operand if test.operator == "gte" else value <= test.operand)


def _recent(test: Comparison, value: Any, now: datetime) -> Answer:
    moment = _moment(value)
    if moment is None:
        return Answer(None, (f"{test.field} is not a time with a time zone.",))
    return Answer(durations.before(now, durations.parse(test.operand)) <= moment <= now)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None
