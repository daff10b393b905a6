"""The reviewer's page: what is to be decided, the worst reason first, and the signature at the end."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped, tiers
from registry.admin.decisions import (
    binding,
    certainty,
    comparison,
    objections,
    standing,
    steps,
    thread,
    verdicts,
    withdrawals,
)
from registry.admin.decisions.objections import Objecting
from registry.admin.decisions.steps import Steps
from registry.admin.decisions.withdrawals import Withdrawing
from registry.errors import Invalid
from registry.models import Decision, PromotionRequest, SlotAssignment
from registry.roles import Role
from registry.services.approvals import approvals, gating, packs
from registry.services.approvals.seats import Seat
from registry.services.decisions import deciding
from registry.services.decisions.deciding import Said
from registry.services.slots import rollouts

State = PromotionRequest.State


@admin.register(PromotionRequest)
class PromotionRequestAdmin(Steps, Objecting, Withdrawing):
    system_path = "slot__system"
    list_display = (
        columns.text("model_version", "Version"),
        columns.record("slot", "Slot"),
        columns.chip("state"),
        tiers.column("slot.system"),
        columns.text("headline", "What the gates say", words=110),
        columns.text("author", "Asked by"),
        "due",
    )
    list_filter = ("state", "approval", "change_class", "slot__system__risk_tier")
    list_select_related = ("model_version__model", "slot__system", "author")
    page_related = (*list_select_related, *comparison.RELATED, "model_version__trained_by")
    search_fields = ("model_version__model__name", "slot__key", "headline", "record_digest")
    date_hierarchy = "created_at"
    record_template = "registry/promotion.html"
    acts = ("decide", "execute", "pack", *steps.ACTS, *objections.ACTS, *withdrawals.ACTS)

    @admin.display(description="Due", ordering="due_at")
    def due(self, row: PromotionRequest) -> SafeString:
        return due(row)

    def headline(self, row: PromotionRequest) -> str:
        return row.headline or "This is a draft: no gate has answered yet, and nobody is asked."

    def sections(self, row: PromotionRequest, request: HttpRequest) -> Iterable[Section]:
        gates = approvals.gates_of(row)
        bound = gating.bound(row)
        then = comparison.standing_champion(row)
        if gates:
            yield Section("What the gates say", verdicts.gate_table(row, gates))
        yield from objections.sections(row)
        yield Section("Candidate against champion", comparison.body(row, then, bound))
        if gates:
            yield Section("How sure we are", certainty.sentences(certainty.how_sure(gates, bound)))
        lines = list(certainty.if_nothing_is_done(row, _serving(row)))
        if lines:
            yield Section("If nothing is done", certainty.sentences(lines))
        yield Section("Decisions so far", standing.chain(row, _decisions(row)), _who_may_not(row))
        talk = thread.body(row)
        if talk:
            yield Section("What was said", talk)
        yield Section("What a signature binds", show.facts(binding.records(row, bound)))

    def decide(self, request: HttpRequest, row: PromotionRequest) -> str:
        verdict = request.POST.get("verdict", "")
        if verdict not in Decision.Verdict.values:
            raise Invalid("No decision was chosen.", remedy="Choose one of the five.")
        meaning, words = request.POST.get("meaning", ""), acting.reason(request)
        signed = deciding.decide(
            row,
            Said(verdict, meaning=meaning, reason=words, conditions=_conditions(request, verdict)),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return f"Your signature is on record. The request is {show.said(signed, 'state')}."

    def execute(self, request: HttpRequest, row: PromotionRequest) -> str:
        made = rollouts.execute(row, actor=acting.actor(request), reason=acting.reason(request))
        return f"{made.canary} is the canary at {made.canary_percent} %." if made.canary else f"{made.champion} serves."

    def pack(self, request: HttpRequest, row: PromotionRequest) -> HttpResponse:
        data = packs.export(row, actor=acting.actor(request))
        name = f'attachment; filename="decision-{row.pk}.zip"'
        return HttpResponse(data, content_type="application/zip", headers={"Content-Disposition": name})

    def page(self, request: HttpRequest, row: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        open_step = approvals.progress(row, _decisions(row)).next_step if row.state == State.IN_REVIEW else None
        found = deciding.outlook(row, scoped.account(request)) if open_step else ""
        extra = {
            "question": _question(row),
            "step": open_step,
            "step_role": Role(open_step.role).label if open_step else "",
            "meaning_words": standing.words(open_step.meaning) if open_step else "",
            "why_not": found if isinstance(found, str) else None,
            "stands_in_for": found.delegator if isinstance(found, Seat) else None,
            "notices": list(thread.notices(row)),
            "state_chip": show.state(row),
            "tier_chip": tiers.chip(row.slot.system, after=" risk"),
            "due": due(row) if row.due_at else "",
            "record_digest": show.digest(row.record_digest),
            "asked": show.distance(row.created_at),
            "documents": _documents(row),
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


def _documents(row: PromotionRequest) -> list[tuple[str, str]]:
    """What a reader may open beside the page: its name and its address."""
    return [
        ("Decision record", f"{reverse('promotions-record', args=[row.pk])}?format=html"),
        ("Model card", f"{reverse('model-versions-card', args=[row.model_version_id])}?format=html"),
        ("Every gate explained (JSON)", reverse("promotion-replays-explanation", args=[row.pk])),
    ]


def _question(row: PromotionRequest) -> str:
    """What is, or was, to be decided."""
    if row.state in PromotionRequest.OPEN:
        return f"Shall {row.model_version} serve in {row.slot}?"
    return f"{row.model_version} to {row.slot}"


def _decisions(row: PromotionRequest) -> list[Decision]:
    return list(row.decisions.all())


def _conditions(request: HttpRequest, verdict: str) -> list[dict[str, Any]]:
    """One on each line of the form, all due at the same time; a rule for the server comes over the API."""
    if verdict != Decision.Verdict.APPROVE_WITH_CONDITIONS:
        return []
    due_at = acting.moment(request, "due_at")
    lines = [line.strip() for line in request.POST.get("conditions", "").splitlines()]
    return [{"text": line, "due_at": due_at, "on_breach": request.POST.get("on_breach")} for line in lines if line]


def _serving(row: PromotionRequest) -> SlotAssignment | None:
    return row.slot.assignments.select_related("champion__model", "champion_promotion").first()


def _who_may_not(row: PromotionRequest) -> str:
    trainer = row.model_version.trained_by
    if trainer == row.author:
        return f"Never by {row.author}, who trained the version and asked for this; and nobody signs twice."
    return f"Never by {row.author}, who asked for this, nor by {trainer}, who trained it; and nobody signs twice."
