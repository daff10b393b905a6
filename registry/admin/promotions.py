"""The reviewer's page: what is to be decided, the worst reason first, and the signature at the end."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, certainty, comparison, standing
from registry.admin.acting import Act, ActingAdmin
from registry.admin.gates import groups
from registry.admin.strip import strip
from registry.errors import Invalid
from registry.gates.policy import STRICTNESS, BoundRequirement, Gate
from registry.gates.results import SEVERITY
from registry.models import Decision, EvidenceItem, GateResult, PromotionRequest, SlotAssignment
from registry.permissions import allows
from registry.roles import Action, Role
from registry.services import approvals, deployments, packs, promotions

State = PromotionRequest.State


@admin.register(PromotionRequest)
class PromotionRequestAdmin(ActingAdmin):
    system_path = "slot__system"
    list_display = (
        columns.text("model_version", "Version"),
        columns.record("slot", "Slot"),
        columns.chip("state"),
        columns.chip("slot.system.risk_tier", "Risk tier"),
        columns.text("headline", "What the gates say", words=110),
        columns.text("author", "Asked by"),
        "due",
    )
    list_filter = ("state", "slot__system__risk_tier")
    list_select_related = ("model_version__model", "slot__system", "author")
    page_related = (*list_select_related, *comparison.RELATED, "model_version__trained_by")
    search_fields = ("model_version__model__name", "slot__key", "headline", "record_digest")
    date_hierarchy = "created_at"
    record_template = "registry/promotion.html"
    acts = ("decide", "withdraw", "execute", "pack")

    @admin.display(description="Due", ordering="due_at")
    def due(self, row: PromotionRequest) -> SafeString:
        return due(row)

    def headline(self, row: PromotionRequest) -> str:
        return row.headline

    def sections(self, row: PromotionRequest, request: HttpRequest) -> Iterable[Section]:
        gates = list(row.gates.all())
        bound = _bound(row)
        then = comparison.standing_champion(row)
        yield Section("What the gates say", gate_table(row, gates))
        yield Section("Candidate against champion", comparison.body(row, then, bound))
        yield Section("How sure we are", certainty.sentences(certainty.how_sure(gates, bound)))
        lines = list(certainty.if_nothing_is_done(row, _serving(row)))
        if lines:
            yield Section("If nothing is done", certainty.sentences(lines))
        yield Section("Decisions so far", standing.chain(row, _decisions(row)), _who_may_not(row))
        yield Section("What a signature binds", show.facts(_records(row, bound)))

    def offers(self, row: PromotionRequest, request: HttpRequest) -> Iterable[Act]:
        may_operate = allows(request.user, Action.OPERATE, row.slot.system)  # type: ignore[arg-type]
        if row.state == State.APPROVED and may_operate:
            yield Act("execute", "Execute", "Brings the version into its slot, by the policy's canary steps.")
        if row.state in PromotionRequest.OPEN and row.author_id == request.user.pk:
            yield Act("withdraw", "Withdraw", "Takes the request back; it cannot be opened again.", grave=True)
        if allows(request.user, Action.EXPORT, row.slot.system):  # type: ignore[arg-type]
            words = (
                "Records, log entries, proofs and signatures in one file, which anybody can check without this server."
            )
            yield Act("pack", "Download the evidence pack", words, asks_reason=False)

    def decide(self, request: HttpRequest, row: PromotionRequest) -> str:
        verdict = request.POST.get("verdict", "")
        if verdict not in Decision.Verdict.values:
            raise Invalid("No decision was chosen.", remedy="Choose approve or reject.")
        signed = promotions.decide(
            row,
            verdict=verdict,
            meaning=request.POST.get("meaning", ""),
            reason=acting.reason(request),
            password=request.POST.get("password", ""),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return f"Your signature is on record. The request is {signed.get_state_display()}."

    def withdraw(self, request: HttpRequest, row: PromotionRequest) -> str:
        promotions.withdraw(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The request is withdrawn."

    def execute(self, request: HttpRequest, row: PromotionRequest) -> str:
        made = deployments.execute(row, actor=acting.actor(request), reason=acting.reason(request))
        return f"{made.canary} is the canary at {made.canary_percent} %." if made.canary else f"{made.champion} serves."

    def pack(self, request: HttpRequest, row: PromotionRequest) -> HttpResponse:
        data = packs.export(row, actor=acting.actor(request))
        name = f'attachment; filename="decision-{row.pk}.zip"'
        return HttpResponse(data, content_type="application/zip", headers={"Content-Disposition": name})

    def page(self, request: HttpRequest, row: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        open_step = approvals.progress(row, _decisions(row)).next_step if row.state == State.IN_REVIEW else None
        extra = {
            "question": _question(row),
            "step": open_step,
            "step_role": Role(open_step.role).label if open_step else "",
            "meaning_words": standing.words(open_step.meaning) if open_step else "",
            "why_not": promotions.why_not(row, request.user) if open_step else None,  # type: ignore[arg-type]
            "state_chip": show.chip(row.state, row.get_state_display()),
            "tier_chip": show.chip(row.slot.system.risk_tier, f"{row.slot.system.get_risk_tier_display()} risk"),
            "due": due(row),
            "record_digest": show.digest(row.record_digest),
            "asked": show.distance(row.created_at),
        }
        return super().page(request, row, status=status, **extra, **context)

    def page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().page_queryset(request).prefetch_related("decisions")


def due(row: PromotionRequest) -> SafeString:
    """When the open step is due, and that it is late where it is."""
    if row.due_at is None:
        return show.cell(None)
    late = row.due_at < timezone.now()
    words = f"overdue by {show.span(timezone.now() - row.due_at)}" if late else f"due {show.distance(row.due_at)}"
    return show.chip("overdue" if late else "pending", words)


def gate_table(row: PromotionRequest, gates: list[GateResult]) -> SafeString:
    """Every gate, the gravest first: its verdict, why in words, the figure beside its threshold, its groups to open."""
    rules = {gate.id: gate for gate in approvals.policy_of(row).gates}
    lines = [
        {
            "gate": gate,
            "verdict": show.chip(gate.verdict),
            "figure": show.interval(gate.value, gate.low, gate.high),
            "strip": _strip(gate, rules.get(gate.gate)),
            "asks": gate.threshold.replace(">=", "≥").replace("<=", "≤"),
            "n": show.number(gate.n),
            "groups": groups(gate.details) if len(gate.details) > 1 else "",
            "rule": rules.get(gate.gate),
            "url": show.url_of(gate),
        }
        for gate in sorted(gates, key=_gravity)
    ]
    return render_to_string("registry/gates.html", {"lines": lines})


def _question(row: PromotionRequest) -> str:
    """What is, or was, to be decided."""
    if row.state in PromotionRequest.OPEN:
        return f"Shall {row.model_version} serve in {row.slot}?"
    return f"{row.model_version} to {row.slot}"


def _gravity(gate: GateResult) -> tuple[int, int, int]:
    return -STRICTNESS[gate.effect], -SEVERITY[gate.verdict], gate.position


def _strip(gate: GateResult, rule: Gate | None) -> SafeString | str:
    known = gate.value is not None and gate.low is not None and gate.high is not None
    if not known or rule is None or not isinstance(rule.require, BoundRequirement):
        return ""
    require = rule.require
    return strip(gate.value, gate.low, gate.high, require.value, wants_more=require.op in (">=", ">"))  # type: ignore[arg-type]


def _bound(row: PromotionRequest) -> list[EvidenceItem]:
    """The evidence that the request froze, each figure once."""
    found = EvidenceItem.objects.filter(digest__in=row.evidence_digests).select_related("set")
    own = [one for one in found if one.set.model_version_id in (None, row.model_version_id)]
    return list({one.digest: one for one in own}.values())


def _decisions(row: PromotionRequest) -> list[Decision]:
    return list(row.decisions.all())


def _serving(row: PromotionRequest) -> SlotAssignment | None:
    return row.slot.assignments.select_related("champion__model", "champion_promotion").first()


def _who_may_not(row: PromotionRequest) -> str:
    trainer = row.model_version.trained_by
    if trainer == row.author:
        return f"Never by {row.author}, who trained the version and asked for this; and nobody signs twice."
    return f"Never by {row.author}, who asked for this, nor by {trainer}, who trained it; and nobody signs twice."


def _records(row: PromotionRequest, bound: list[EvidenceItem]) -> Iterable[tuple[str, Any]]:
    """Each thing the signatures are about, with its digest and the way to its record."""
    version = row.model_version
    yield "Record signed", row.record_digest
    yield "Artifact", show.row(version) + SafeString(" ") + show.digest(row.artifact_digest)
    yield "Run", version.run
    yield "Data", show.row(version.dataset_version) + SafeString(" ") + show.digest(row.dataset_digest)
    yield "Policy", show.row(row.policy) + SafeString(" ") + show.digest(row.policy_digest)
    sets = {item.set_id: item.set for item in bound}
    links = SafeString(", ").join(show.row(one, show.digest(one.root)) for one in sets.values())
    yield f"Evidence, {len(bound)} figures", show.digest(row.evidence_root) + SafeString(" over ") + SafeString(links)
    yield "Asked", row.created_at
    yield "Decided", row.decided_at
    yield "Approval ends", row.valid_until
    yield "Revision", row.revision
