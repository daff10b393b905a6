"""A policy in plain sentences: what it governs, what each gate asks and why, who signs, and what happens then."""

from collections.abc import Iterator
from dataclasses import dataclass

from registry.gates import changes, spoken, words
from registry.gates.policy import FieldRequirement, Gate, Policy


@dataclass(frozen=True, slots=True)
class Passage:
    """One part of the explanation, under a heading: a gate's id, or what it is about."""

    heading: str
    sentences: tuple[str, ...]


def explain(policy: Policy) -> list[Passage]:
    """The whole policy, in its own order."""
    return [
        Passage(f"{policy.name} v{policy.version}", tuple(_scope(policy))),
        *(Passage(one.id, tuple(gate(one))) for one in policy.gates),
        *([Passage(changes.GATE, (_plan(policy),))] if policy.change_plan else []),
        Passage("Who signs", tuple(_signing(policy))),
        Passage("How long it holds", tuple(_holding(policy))),
        Passage("Afterwards", tuple(_afterwards(policy))),
    ]


def gate(asked: Gate) -> Iterator[str]:
    """What one gate asks for, what follows, who may set it aside, and why it is there."""
    yield f"It reads {words.wanted(asked.evidence)}{_conditions(asked)}, and asks for: {words.rule(asked)}."
    if asked.for_each:
        yield _groups(asked)
    effects = spoken.EFFECTS
    yield (
        f"What fails {effects[asked.on_fail]}, what is unclear {effects[asked.on_inconclusive]}, "
        f"and what is missing or stale {effects[asked.on_not_evaluable]}."
    )
    if asked.skip_when is not None:
        yield f"It is skipped where {spoken.condition(asked.skip_when)}."
    yield f"{spoken.waiving(asked.waivable)}."
    if asked.rationale:
        yield f"Why: {asked.rationale.strip()}"
    if asked.clause:
        yield f"It is evidence for {', '.join(asked.clause)}."


def _conditions(asked: Gate) -> str:
    parts = [
        f"on {asked.min_n:,} rows or more" if asked.min_n and not isinstance(asked.require, FieldRequirement) else "",
        f"no older than {asked.max_age_days} days" if asked.max_age_days else "",
        "on the data under decision" if asked.same_dataset_digest else "on any data",
        "tested after this policy took effect" if asked.preregistered else "",
        "paired" if asked.evidence.paired else "",
    ]
    return "".join(f", {part}" for part in parts if part)


def _groups(asked: Gate) -> str:
    least = asked.evidence.exclude_below_share
    small = f"; groups below {words.percent(least)} of all are listed and not judged" if least else ""
    how = {
        "bonferroni": "over all groups at once: by intervals that hold together, or wide enough each for their number",
        "simultaneous": "over all groups at once, by intervals that hold together",
        "none": "for each group alone",
    }[asked.family]
    return f"Every group of {asked.evidence.attribute} is judged, {how}{small}."


def _scope(policy: Policy) -> Iterator[str]:
    if policy.description:
        yield policy.description.strip()
    yield (
        f"It governs requests where {spoken.condition(policy.applies_when)}."
        if policy.applies_when
        else ("It governs every request.")
    )
    yield f"Of several policies that apply the highest governs; this one has the precedence {policy.precedence}."
    yield f"A request passes {len(policy.gates)} gate{'' if len(policy.gates) == 1 else 's'}; one that blocks stops it."


def _plan(policy: Policy) -> str:
    classes = " or ".join(policy.change_plan.classes if policy.change_plan else ())
    return f"A change that is not {classes} blocks ({', '.join(changes.CLAUSE)}); no waiver is possible."


def _signing(policy: Policy) -> Iterator[str]:
    yield f"{', then '.join(spoken.step(one) for one in policy.approval.chain)}."
    for rule in policy.approval.separation_of_duties:
        yield f"{spoken.separation(rule)}."
    if policy.approval.reauthenticate == "each_signature":
        yield "Password and code are asked for at each signature."


def _holding(policy: Policy) -> Iterator[str]:
    approval = policy.approval
    yield f"An approval holds for {spoken.length(approval.valid_for)}."
    if approval.lapses_after:
        yield f"A request that nobody answers lapses after {spoken.length(approval.lapses_after)}."
    if approval.review_every:
        yield f"What serves is reviewed every {spoken.length(approval.review_every)}."
    yield (
        f"When {', '.join(spoken.role(one) for one in approval.stale_when)} move under it, it is reviewed within "
        f"{spoken.length(approval.re_review_within)} or suspended."
    )
    fall_back = "the last holder with a valid approval serves again, or else nothing"
    yield f"When it ends, {fall_back if approval.on_end == 'fall_back' else 'nothing serves'}."


def _afterwards(policy: Policy) -> Iterator[str]:
    yield f"{spoken.rollout(policy.rollout)}."
    if policy.monitoring:
        yield f"Watched: {spoken.monitoring(policy.monitoring)}."
    if policy.retrain:
        yield f"{spoken.retrain(policy.retrain)}."
    yield f"Predictions are kept for {spoken.length(policy.retention.prediction_log)}."
