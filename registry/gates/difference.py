"""What one policy asks more or less than another: gates added, thresholds raised, signatures dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from registry.gates import durations, spoken, words
from registry.gates.policy import STRICTNESS, Approval, BoundRequirement, FieldRequirement, Gate, Policy, Waivable

Direction = Literal["stricter", "looser", "changed"]
FAMILY = {"none": 0, "bonferroni": 1, "simultaneous": 2}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: where, whether it is harder or easier to pass, and from what to what."""

    path: str
    direction: Direction
    detail: str


def compare(old: Policy, new: Policy) -> list[Difference]:
    """Everything that differs in meaning, in the order of a policy; order and layout of its text do not count."""
    return [
        *_other("applies_when", spoken.condition(old.applies_when), spoken.condition(new.applies_when)),
        *_scaled("precedence", old.precedence, new.precedence),
        *_gates(old, new),
        *_plan(old, new),
        *_approval(old.approval, new.approval),
        *_other("rollout", spoken.rollout(old.rollout), spoken.rollout(new.rollout)),
        *_other("monitoring", spoken.monitoring(old.monitoring), spoken.monitoring(new.monitoring)),
        *_other("retrain", spoken.retrain(old.retrain), spoken.retrain(new.retrain)),
        *_length("retention.prediction_log", old.retention.prediction_log, new.retention.prediction_log, more=True),
    ]


def _gates(old: Policy, new: Policy) -> Iterator[Difference]:
    before, after = {gate.id: gate for gate in old.gates}, {gate.id: gate for gate in new.gates}
    for name, gate in after.items():
        if name not in before:
            yield Difference(name, "stricter", f"The gate is new: {words.wanted(gate.evidence)}, {words.rule(gate)}.")
        else:
            yield from _gate(name, before[name], gate)
    for name, gate in before.items():
        if name not in after:
            yield Difference(name, "looser", f"The gate is gone: {words.wanted(gate.evidence)}, {words.rule(gate)}.")


def _gate(name: str, old: Gate, new: Gate) -> Iterator[Difference]:
    yield from _requirement(f"{name}.require", old, new)
    yield from _other(f"{name}.evidence", words.wanted(old.evidence), words.wanted(new.evidence))
    yield from _other(f"{name}.for_each", old.for_each, new.for_each)
    for field in ("on_fail", "on_inconclusive", "on_not_evaluable"):
        yield from _ranked(f"{name}.{field}", getattr(old, field), getattr(new, field), STRICTNESS)
    yield from _ranked(f"{name}.family", old.family, new.family, FAMILY)
    yield from _scaled(f"{name}.min_n", old.min_n, new.min_n)
    yield from _scaled(f"{name}.max_age_days", old.max_age_days, new.max_age_days, less=True)
    shares = (old.evidence.exclude_below_share, new.evidence.exclude_below_share)
    yield from _turned(_scaled(f"{name}.evidence.exclude_below_share", *shares))
    for field in ("same_dataset_digest", "preregistered"):
        yield from _scaled(f"{name}.{field}", getattr(old, field), getattr(new, field))
    yield from _scaled(f"{name}.evidence.paired", old.evidence.paired, new.evidence.paired)
    yield from _skipping(f"{name}.skip_when", old, new)
    yield from _waiving(f"{name}.waivable", old.waivable, new.waivable)
    yield from _other(f"{name}.clause", ", ".join(old.clause), ", ".join(new.clause))


def _requirement(path: str, old: Gate, new: Gate) -> Iterator[Difference]:
    before, after = old.require, new.require
    if before == after:
        return
    detail = f"{words.threshold(before)} became {words.threshold(after)}."
    match before, after:
        case BoundRequirement(), BoundRequirement():
            yield Difference(path, _direction(_bound_moves(before, after)), detail)
        case FieldRequirement(), FieldRequirement() if before.field == after.field:
            gone, came = set(before.allowed) - set(after.allowed), set(after.allowed) - set(before.allowed)
            yield Difference(path, _direction({1} if gone and not came else {-1} if came and not gone else {0}), detail)
        case _:
            yield Difference(path, "changed", detail)


def _bound_moves(old: BoundRequirement, new: BoundRequirement) -> set[int]:
    """1 for each way in which the new bound is harder to meet, -1 for easier, 0 for neither."""
    if old.op[0] != new.op[0]:
        return {0}
    sign = 1 if old.op[0] == ">" else -1
    moves = {sign * _sign(new.value - old.value)}
    moves.add(_sign((new.confidence or 0.0) - (old.confidence or 0.0)))
    moves.add(_sign((old.op in (">=", "<=")) - (new.op in (">=", "<="))))
    return moves - {0} or {_sign((new.bound != "point") - (old.bound != "point"))}


def _direction(moves: set[int]) -> Direction:
    return "stricter" if moves == {1} else "looser" if moves == {-1} else "changed"


def _skipping(path: str, old: Gate, new: Gate) -> Iterator[Difference]:
    before, after = old.skip_when, new.skip_when
    if before == after:
        return
    shown = [spoken.condition(one) if one else "never" for one in (before, after)]
    detail = f"{shown[0]} became {shown[1]}."
    yield Difference(path, "looser" if before is None else "stricter" if after is None else "changed", detail)


def _waiving(path: str, old: Waivable | None, new: Waivable | None) -> Iterator[Difference]:
    if old is None or new is None:
        if old is not new:
            direction: Direction = "looser" if old is None else "stricter"
            yield Difference(path, direction, f"{spoken.waiving(old)} became {spoken.waiving(new)}.")
        return
    yield from _scaled(f"{path}.max_days", old.max_days, new.max_days, less=True)
    yield from _contained(f"{path}.needs", old.needs, new.needs)
    yield from _turned(_contained(f"{path}.by", old.by, new.by))


def _plan(old: Policy, new: Policy) -> Iterator[Difference]:
    before, after = old.change_plan, new.change_plan
    if before is not None and after is not None:
        yield from _turned(_contained("change_plan.classes", before.classes, after.classes))
    elif before is not after:
        detail = (
            "Every change was open" if after else f"Only {', '.join(before.classes if before else ())} were foreseen"
        )
        became = f"only {', '.join(after.classes)} are foreseen" if after else "every change is open"
        yield Difference("change_plan", "stricter" if after else "looser", f"{detail}; now {became}.")


def _approval(old: Approval, new: Approval) -> Iterator[Difference]:
    steps = [{(one.role, one.meaning): one.quorum for one in part.chain} for part in (old, new)]
    for role, meaning in dict.fromkeys([*steps[0], *steps[1]]):
        quorums = [part.get((role, meaning), 0) for part in steps]
        yield from _scaled(f"approval.chain {role} ({meaning})", *quorums)
    order = [[step.role for step in part.chain] for part in (old, new)]
    if sorted(order[0]) == sorted(order[1]):
        yield from _other("approval.chain order", ", ".join(order[0]), ", ".join(order[1]))
    dues = [", ".join(f"{step.role} {step.due_in or 'no date'}" for step in part.chain) for part in (old, new)]
    yield from _other("approval.chain due_in", *dues)
    rules = [tuple(spoken.separation(one) for one in part.separation_of_duties) for part in (old, new)]
    yield from _contained("approval.separation_of_duties", *rules)
    for field in ("valid_for", "review_every", "re_review_within", "lapses_after"):
        yield from _length(f"approval.{field}", getattr(old, field), getattr(new, field))
    yield from _contained("approval.stale_when", old.stale_when, new.stale_when)
    yield from _ranked(
        "approval.reauthenticate", old.reauthenticate, new.reauthenticate, {"session": 0, "each_signature": 1}
    )
    yield from _ranked("approval.on_end", old.on_end, new.on_end, {"fall_back": 0, "stop": 1})


def _other(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if old != new:
        yield Difference(path, "changed", f"{old or 'nothing'} became {new or 'nothing'}.")


def _ranked(path: str, old: str, new: str, ranks: Mapping[str, int]) -> Iterator[Difference]:
    if old != new:
        yield Difference(path, "stricter" if ranks[new] > ranks[old] else "looser", f"{old} became {new}.")


def _scaled(path: str, old: float | None, new: float | None, *, less: bool = False) -> Iterator[Difference]:
    """More is stricter, or less is; nothing at all is the loosest."""
    if old == new:
        return
    moved = old is None or (new is not None and (new < old if less else new > old))
    detail = f"{_shown(old)} became {_shown(new)}."
    yield Difference(path, "stricter" if moved else "looser", detail)


def _length(path: str, old: str | None, new: str | None, *, more: bool = False) -> Iterator[Difference]:
    """A shorter time is stricter, or a longer one; one that is not set never comes."""
    if old == new:
        return
    shorter = _covers(old, new)
    direction: Direction = "changed" if shorter == _covers(new, old) else "stricter" if shorter != more else "looser"
    yield Difference(path, direction, f"{old or 'never'} became {new or 'never'}.")


def _covers(longer: str | None, shorter: str | None) -> bool:
    if longer is None or shorter is None:
        return longer is None
    return durations.covers(durations.parse(longer), durations.parse(shorter))


def _contained(path: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Difference]:
    """More of them is stricter."""
    for one in new:
        if one not in old:
            yield Difference(path, "stricter", f"New: {one}.")
    for one in old:
        if one not in new:
            yield Difference(path, "looser", f"Gone: {one}.")


def _turned(found: Iterator[Difference]) -> Iterator[Difference]:
    """Where more is looser."""
    opposite: dict[Direction, Direction] = {"stricter": "looser", "looser": "stricter", "changed": "changed"}
    for one in found:
        yield Difference(one.path, opposite[one.direction], one.detail)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _shown(value: float | None) -> str:
    return "nothing" if value is None else words.plain(value) if isinstance(value, bool) else f"{value:g}"
