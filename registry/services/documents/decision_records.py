"""The decision record of a promotion request: what was asked, what the gates said, who decided what and why."""

from collections.abc import Iterable

from django.db.models import Q

from registry.documents import parts
from registry.models import PromotionRequest, Signature, SlotAssignment
from registry.roles import Role
from registry.services.approvals import approvals, gating
from registry.services.documents import figures, reviewed
from registry.services.documents.sources import Sources


def document(promotion: PromotionRequest) -> parts.Part:
    """The record as one JSON document, with every round of decisions and all that was said on the way."""
    sources = Sources()
    sections = [
        _request(promotion, sources),
        _bound(promotion, sources),
        _gates(promotion, sources),
        _decisions(promotion, sources),
        _duties(promotion, sources),
        _conditions(promotion, sources),
        _findings(promotion, sources),
        _thread(promotion, sources),
        _outcome(promotion, sources),
    ]
    return parts.document(
        "decision_record",
        title=f"Decision record: {promotion}",
        subject={"type": "promotion", "id": str(promotion.pk), "name": str(promotion)},
        sections=sections,
        records=sources.digests,
    )


def _request(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    row = sources.cite(promotion)
    return parts.section(
        "request",
        "Request",
        facts=[
            parts.fact("Version", str(promotion.model_version), sources.cite(promotion.model_version)),
            parts.fact("Slot", promotion.slot.key, sources.cite(promotion.slot)),
            parts.fact("Policy", str(promotion.policy), sources.cite(promotion.policy)),
            parts.fact("Kind of change", parts.capital(promotion.get_change_class_display()), row),
            parts.fact("Asked for by", str(promotion.author), row),
            parts.fact("Why", promotion.reason, row),
            parts.fact("State", parts.capital(promotion.get_state_display()), row),
            parts.fact("Approval", parts.capital(promotion.get_approval_display()), row),
            parts.fact("Approval at this moment", approvals.problem(promotion) or reviewed.HOLDS, row),
            parts.fact("Suspended or revoked because", promotion.approval_reason, row),
            parts.fact("Round", promotion.round, row),
            parts.fact("Submitted", promotion.submitted_at, row),
            parts.fact("Decided", promotion.decided_at, row),
            parts.fact("Valid until", promotion.valid_until, row),
            parts.fact("Grounds moved", promotion.stale_since, row),
        ],
    )


def _bound(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    row = sources.cite(promotion)
    items = gating.bound(promotion)
    return parts.section(
        "bound",
        "What the decision is about",
        clauses=["21cfr11:11.70"],
        facts=[
            parts.fact("Artifact (SHA-256)", promotion.artifact_digest, row),
            parts.fact("Data (SHA-256)", promotion.dataset_digest, row),
            parts.fact("Policy (SHA-256)", promotion.policy_digest, row),
            parts.fact("Evidence (Merkle root)", promotion.evidence_root, row),
            parts.fact("Champion it was compared with (SHA-256)", promotion.champion_digest, row),
            parts.fact("Record that each signature signs (SHA-256)", promotion.record_digest, row),
        ],
        tables=[figures.bound(items, sources)],
        gap="" if items else "No evidence is bound to it.",
    )


def _gates(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    answers = list(promotion.gates.order_by("-round", "position"))
    rounds = sorted({answer.round for answer in answers}, reverse=True)
    tables: list[parts.Part] = []
    for number in rounds:
        chosen = [answer for answer in answers if answer.round == number]
        tables += reviewed.gates(chosen, sources, title=f"Gates of round {number}")
    return parts.section(
        "gates",
        "Gates",
        clauses=["eu-ai-act:9(6)-(8)"],
        facts=[parts.fact("In one sentence", promotion.headline, sources.cite(promotion))],
        tables=tables,
        gap="" if answers else "The gates have not answered.",
    )


def _decisions(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    made = list(promotion.decisions.select_related("promotion__slot", "delegated_by").order_by("id"))
    tables = [
        reviewed.decisions([one for one in made if one.round == number], sources, round=number)
        for number in sorted({one.round for one in made}, reverse=True)
    ]
    waivers, findings, conditions = promotion.waivers.all(), promotion.findings.all(), promotion.conditions.all()
    further = Signature.objects.filter(
        Q(subject_type="waiver", subject_id__in=[one.pk for one in waivers])
        | Q(subject_type="finding", subject_id__in=[one.pk for one in findings])
        | Q(subject_type="condition", subject_id__in=[one.pk for one in conditions])
    )
    return parts.section(
        "decisions",
        "Decisions",
        clauses=["21cfr11:11.50", "nist-ai-rmf:MANAGE 1.1, 1.4, 2.4, 4.1-4.3"],
        tables=[*tables, reviewed.signatures(further.order_by("id"), sources)],
        gap="" if made else "Nobody has signed.",
    )


def _duties(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    tasks = [
        {
            "round": one.round,
            "role": Role(one.role).label,
            "meaning": one.meaning,
            "assignee": str(one.assignee) if one.assignee else None,
            "opened_at": one.opened_at,
            "due_at": one.due_at,
            "closed_at": one.closed_at,
            "record": sources.cite(one),
        }
        for one in promotion.tasks.select_related("assignee").order_by("id")
    ]
    recusals = [
        {"person": str(one.person), "reason": one.reason, "at": one.created_at, "record": sources.cite(one)}
        for one in promotion.recusals.select_related("person").order_by("id")
    ]
    asked = {
        "round": "Round",
        "role": "Role",
        "meaning": "Meaning",
        "assignee": "Taken by",
        "opened_at": "Opened",
        "due_at": "Due",
        "closed_at": "Closed",
    }
    return parts.section(
        "duties",
        "Who was asked",
        tables=[
            parts.table("Review tasks", asked, tasks),
            parts.table("Stepped back", {"person": "Person", "reason": "Why", "at": "When"}, recusals),
        ],
    )


def _conditions(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    return parts.section(
        "conditions",
        "Waivers and conditions",
        tables=[
            reviewed.waivers(promotion.waivers.select_related("requested_by").order_by("id"), sources),
            reviewed.conditions(promotion.conditions.order_by("id"), sources),
        ],
    )


def _findings(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    """Those of the version: whoever decides must know them, wherever they were raised."""
    rows = promotion.model_version.findings.select_related("raised_by").order_by("id")
    return parts.section("findings", "Findings about the version", tables=[reviewed.findings(rows, sources)])


def _thread(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    rows = [
        {"author": str(one.author), "at": one.created_at, "text": one.text, "record": sources.cite(one)}
        for one in promotion.comments.select_related("author")
    ]
    columns = {"author": "Who", "at": "When", "text": "What"}
    return parts.section("thread", "What was said", tables=[parts.table("Comments", columns, rows)])


def _outcome(promotion: PromotionRequest, sources: Sources) -> parts.Part:
    served = SlotAssignment.objects.filter(Q(champion_promotion=promotion) | Q(canary_promotion=promotion))
    columns = {"revision": "Revision", "place": "Place", "since": "Since", "cause": "Because", "reason": "In words"}
    return parts.section(
        "outcome",
        "What came of it",
        tables=[parts.table("In the slot", columns, _assignments(served.order_by("revision"), promotion, sources))],
    )


def _assignments(
    served: Iterable[SlotAssignment], promotion: PromotionRequest, sources: Sources
) -> Iterable[dict[str, parts.Cell]]:
    for one in served:
        is_champion = one.champion_promotion_id == promotion.pk
        yield {
            "revision": one.revision,
            "place": "champion" if is_champion else f"canary at {one.canary_percent} %",
            "since": one.since,
            "cause": parts.capital(one.get_cause_display()),
            "reason": one.reason,
            "record": sources.cite(one),
        }
