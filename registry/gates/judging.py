"""One figure against one gate: excluded, hindered, or compared; what is missing is judged too."""

from collections.abc import Sequence

from registry.gates import conditions, family, intervals, obstacles, words
from registry.gates.facts import Evidence, Facts
from registry.gates.policy import BoundRequirement, FieldRequirement, Gate
from registry.gates.results import Effect, Judgement, Verdict


def weigh(gate: Gate, items: Sequence[Evidence], facts: Facts) -> list[Judgement]:
    """Judge every figure, unless its group is too small, or something stands in its way or in that of all groups."""
    asked = [family.asked(gate, item) for item in items]
    hindered = [_left_out(gate, item) or _hindered(gate, item, facts) for item in asked]
    narrow = family.shortfall(gate, [item for item, found in zip(asked, hindered, strict=True) if found is None])
    return [found or _answered(gate, item, narrow) for item, found in zip(asked, hindered, strict=True)]


def _left_out(gate: Gate, item: Evidence) -> Judgement | None:
    if gate.for_each and item.fields.get("unknown") is True:
        finding = f"Group {item.group} is of people whose category is not known: listed, not judged"
        return judgement(gate, "skipped", finding, item)
    if not _too_small(gate, item):
        return None
    share = _share(item)
    size = "too small a share" if share is None else words.percent(share)
    return judgement(gate, "skipped", f"Group {item.group} is {size} of all: listed, not judged", item)


def _hindered(gate: Gate, item: Evidence, facts: Facts) -> Judgement | None:
    found = obstacles.obstacle(gate, item, facts)
    return judgement(gate, *found, item) if found else None


def _answered(gate: Gate, item: Evidence, narrow: str | None) -> Judgement:
    if narrow:
        return judgement(gate, "not_evaluable", f"{words.subject(item)} cannot be judged: {narrow}", item)
    return judgement(gate, *_compared(gate, item), item)


def absent(gate: Gate, group: str) -> Judgement:
    """A group that the data holds and the evidence passes over."""
    finding = f"There is no evidence for {gate.evidence.attribute} group {group}, which the data holds"
    return Judgement("not_evaluable", effect(gate, "not_evaluable"), finding, group)


def nothing(gate: Gate, excluded: Sequence[Judgement]) -> Judgement:
    """No figure at all, or only groups too small to judge."""
    if excluded:
        return judgement(gate, "not_evaluable", f"No group of {gate.evidence.attribute} is large enough to judge")
    return judgement(gate, "not_evaluable", f"There is no evidence of this kind: {words.wanted(gate.evidence)}")


def judgement(gate: Gate, verdict: Verdict, finding: str, item: Evidence | None = None) -> Judgement:
    """A verdict with the effect the gate gives it and the figures it rests on."""
    if item is None:
        return Judgement(verdict, effect(gate, verdict), finding)
    figures = (item.group, item.value, item.low, item.high, item.n, _share(item), item.id)
    return Judgement(verdict, effect(gate, verdict), finding, *figures)


def effect(gate: Gate, verdict: Verdict) -> Effect:
    """What a verdict does to the request; stale evidence weighs as much as none."""
    match verdict:
        case "fail":
            return gate.on_fail
        case "inconclusive":
            return gate.on_inconclusive
        case "not_evaluable" | "stale":
            return gate.on_not_evaluable
        case _:
            return "none"


def _too_small(gate: Gate, item: Evidence) -> bool:
    """The policy's share decides; a mark on the evidence counts where no share was measured, or exactly that one."""
    least = gate.evidence.exclude_below_share
    if least is None:
        return False
    share = _share(item)
    return item.excluded if share is None else share < least or (item.excluded and share == least)


def _share(item: Evidence) -> float | None:
    share = item.fields.get("share")
    return float(share) if isinstance(share, int | float) and not isinstance(share, bool) else None


def _compared(gate: Gate, item: Evidence) -> tuple[Verdict, str]:
    if isinstance(gate.require, FieldRequirement):
        return _field(gate.require, item)
    answer = _answer(gate.require, item)
    return answer, words.found(item, gate.require, answer)


def _field(require: FieldRequirement, item: Evidence) -> tuple[Verdict, str]:
    value = item.fields[require.field]
    finding = f"{words.subject(item)}: {require.field} is {words.plain(value)}"
    if any(conditions.equal(value, one) for one in require.allowed):
        return "pass", f"{finding}, as required"
    return "fail", f"{finding}; {' or '.join(words.plain(one) for one in require.allowed)} is required"


def _answer(require: BoundRequirement, item: Evidence) -> intervals.Answer:
    if require.bound == "point":
        return intervals.judge_point(require.op, _sure(item.value), require.value)
    return intervals.judge_interval(require.op, _sure(item.low), _sure(item.high), require.value)


def _sure(figure: float | None) -> float:
    if figure is None:
        raise ValueError("A figure without a number is stopped by obstacles.obstacle and never compared.")
    return figure
