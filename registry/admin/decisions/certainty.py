"""How sure the evidence makes us, and what happens if nobody decides; each in a few sentences."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.gates import words
from registry.models import EvidenceItem, GateResult, PromotionRequest, SlotAssignment
from registry.services.approvals import approvals

State = PromotionRequest.State


def sentences(lines: Iterable[str]) -> SafeString:
    return format_html(
        '<ul class="sentences">{}</ul>', format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    )


def how_sure(gates: Sequence[GateResult], bound: Sequence[EvidenceItem]) -> Iterable[str]:
    """What the verdicts rest on: rows, intervals, what could not be judged, and how old it is."""
    yield f"{words.tally((gate.verdict for gate in gates), 'gate')}."
    levels = sorted({item.confidence for item in bound if item.confidence})
    if levels:
        yield f"Verdicts are taken on whole {' and '.join(map(words.percent, levels))} intervals, not on single values."
    sizes = [item.n for item in bound if item.kind == "evaluation" and item.n]
    if sizes:
        yield f"Performance is measured on {max(sizes):,} rows."
    yield from _groups(gates)
    if any(item.fields.get("simultaneous") for item in bound):
        yield "The intervals of one attribute's groups hold together: many groups make no false alarm likelier."
    if bound:
        yield f"The oldest evidence was recorded {show.distance(min(item.set.created_at for item in bound))}."


def _groups(gates: Sequence[GateResult]) -> Iterable[str]:
    """The smallest group that was judged, those that were not, and where more rows would settle it."""
    judged = [(one["n"], one["group"], gate.gate) for gate in gates for one in gate.details if _counts(one)]
    if judged:
        n, group, gate = min(judged)
        yield f"The smallest group judged is {group} of {gate}, with {n:,} rows."
    skipped = Counter(gate.gate for gate in gates for one in gate.details if one["verdict"] == "skipped")
    if skipped:
        listed = ", ".join(f"{count} of {gate}" for gate, count in skipped.items())
        yield f"Groups too small to judge, left out as the policy says: {listed}."
    unclear = [gate.gate for gate in gates if gate.verdict == "inconclusive"]
    if unclear:
        yield f"More rows would settle {', '.join(unclear)}: an interval straddles the threshold, so nothing is shown."


def _counts(one: dict[str, object]) -> bool:
    return bool(one["group"]) and one["n"] is not None and one["verdict"] != "skipped"


def if_nothing_is_done(request: PromotionRequest, served: SlotAssignment | None) -> Iterable[SafeString | str]:
    """What the slot does meanwhile, and what becomes of the request."""
    if request.state not in (State.BLOCKED, State.IN_REVIEW, State.APPROVED):
        return
    yield _meanwhile(request, served)
    if request.state == State.BLOCKED:
        yield "A gate blocks it, so nobody can sign: new evidence, or a waiver, lets the gates be run again."
    if request.state == State.IN_REVIEW:
        if request.due_at:
            yield (
                mark_safe("The open step is due on ")
                + show.moment(request.due_at)
                + mark_safe("; after that the request is overdue.")
            )
        yield "Time approves nothing: without people's decision it stays open, or lapses where the policy says so."
        yield "New evidence about this version makes the request stale; it must then be asked again."
    if request.state == State.APPROVED:
        yield (
            mark_safe("It serves only once an operator executes it; the approval ends on ")
            + show.moment(request.valid_until)
            + mark_safe(".")
        )
        steps = approvals.policy_of(request).rollout
        if steps and steps.canary:
            yield f"It would take over by canary: {', '.join(f'{percent} %' for percent in steps.canary.steps)}."


def _meanwhile(request: PromotionRequest, served: SlotAssignment | None) -> SafeString:
    slot = show.row(request.slot)
    if served is None or served.champion is None:
        return slot + mark_safe(" serves nothing, and callers are refused.")
    text = slot + mark_safe(" keeps serving ") + show.row(served.champion)
    ends = served.champion_promotion.valid_until if served.champion_promotion else None
    return (
        text + (mark_safe(", whose approval ends on ") + show.moment(ends) if ends else mark_safe("")) + mark_safe(".")
    )
