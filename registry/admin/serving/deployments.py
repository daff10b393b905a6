"""Slots: what serves, since when and by whose signature; their history; and the way back."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString, mark_safe

from audit.pages import columns, names, show
from audit.pages.records import Section
from registry.admin import acting, scoped, tiers
from registry.admin.acting import Act, ActingAdmin
from registry.admin.scoped import ScopedAdmin
from registry.admin.serving import breaking, history
from registry.admin.serving.breaking import Breaking
from registry.models import PromotionRequest, Rollout, Slot, SlotAssignment
from registry.permissions import allows
from registry.roles import Action
from registry.services.approvals import approvals
from registry.services.slots import assigning, rollback, rollouts

RECENT = 20
VERSIONS = ("champion__model", "canary__model")
PROMOTIONS = (
    *VERSIONS,
    "champion_promotion__slot",
    "champion_promotion__model_version__model",
    "canary_promotion__slot",
    "canary_promotion__model_version__model",
    "champion_emergency__slot",
    "champion_emergency__model_version__model",
)


@admin.register(Slot)
class SlotAdmin(Breaking):
    list_display = (
        "key",
        columns.record("serving.champion", "Serves"),
        "canary",
        columns.moment("serving.since", "Last changed"),
        columns.moment("serving.champion_promotion.valid_until", "Approved until"),
        tiers.column("system"),
    )
    list_filter = ("system__risk_tier",)
    list_select_related = page_related = ("system",)
    search_fields = ("key",)
    record_template = "registry/slot.html"
    acts = ("rollback", *breaking.ACTS)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slot]:
        current = Prefetch("assignments", newest().select_related(*PROMOTIONS), to_attr="current")
        return super().get_queryset(request).prefetch_related(current)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        for row in found.result_list:
            row.serving = _serving(row)
        return found

    @admin.display(description="Canary")
    def canary(self, row: Any) -> SafeString:
        return history.canary(row.serving)

    def headline(self, row: Slot) -> SafeString | str:
        now = _serving(row)
        if now is None or now.champion is None:
            return "Nothing serves here. The first version comes through a promotion request."
        return _serves(now)

    def facts(self, row: Slot) -> Iterable[tuple[str, Any]]:
        now = _serving(row)
        yield "System", row.system
        yield "Risk tier", tiers.chip(row.system)
        if now is not None and now.champion_promotion is not None:
            yield "Serves", now.champion
            yield "Since", champion_since(now)
            yield "By the signature of", signers(now.champion_promotion)
            yield "Approval", holds(now.champion_promotion)
            yield "Canary", history.canary(now)
        if now is not None and now.champion_emergency is not None:
            yield "Serves", now.champion
            yield "Without an approval", now.champion_emergency
            yield "Until at the latest", now.champion_emergency.ends_at
        yield "Revision", row.revision

    def sections(self, row: Slot, request: HttpRequest) -> Iterable[Section]:
        past = list(row.assignments.select_related(*PROMOTIONS)[:100])
        yield Section("What happened here", history.sentences(past[:RECENT]))
        note = "Append-only: what served from each moment until the next."
        yield Section("Every change as a table", history.table(past), note, folded=True)
        waiting = row.promotions.filter(state__in=[*PromotionRequest.OPEN, PromotionRequest.State.APPROVED])
        open_ = waiting.select_related("slot", "model_version__model", "author")
        yield Section(
            "Open requests",
            show.table(
                ["Request", "State", "Asked by", "Due"],
                [[one, show.state(one), one.author, one.due_at] for one in open_],
                empty="No request is open.",
            ),
        )

    def offers(self, row: Slot, request: HttpRequest) -> Iterable[Act]:
        if _serving(row) is not None and allows(scoped.account(request), Action.OPERATE, row.system):
            yield Act(
                "rollback",
                "Roll back",
                "Takes the canary out; where none runs, goes back to the last version whose approval still holds.",
                grave=True,
            )
        yield from super().offers(row, request)

    def rollback(self, request: HttpRequest, row: Slot) -> str:
        made = rollback.roll_back(row, actor=acting.actor(request), reason=acting.reason(request))
        return f"Rolled back: {made.champion or 'nothing'} serves in {row}."

    def page(self, request: HttpRequest, row: Any, *, status: int = 200, **context: Any) -> Any:
        """With the answer to `what served at`, which is a plain GET and so has an address."""
        asked = request.GET.get("at", "")
        answer = _served_at(row, asked) if asked else ""
        return super().page(request, row, status=status, **{"asked_at": asked, "served": answer, **context})


@admin.register(SlotAssignment)
class SlotAssignmentAdmin(ScopedAdmin):
    system_path = "slot__system"
    list_display = (
        columns.text("", "Assignment"),
        columns.text("get_cause_display", "Cause"),
        columns.record("champion", "Champion"),
        columns.record("canary", "Canary"),
        columns.number("canary_percent", "Canary share, %"),
        columns.moment("since", "Since"),
    )
    list_filter = ("cause",)
    list_select_related = ("slot", *VERSIONS)
    page_related = ("slot", *PROMOTIONS)
    search_fields = ("slot__key", "reason")
    date_hierarchy = "since"
    ordering = ("-id",)

    def headline(self, row: SlotAssignment) -> str:
        return row.reason

    def facts(self, row: SlotAssignment) -> Iterable[tuple[str, Any]]:
        yield "Slot", row.slot
        yield "Revision", row.revision
        yield "Cause", row.get_cause_display()
        yield "Champion", row.champion
        yield "By the promotion", row.champion_promotion
        if row.champion_emergency is not None:
            yield "Without an approval", row.champion_emergency
        yield "Canary", history.canary(row)
        yield "By the promotion", row.canary_promotion
        yield "Since", row.since
        yield "By", names.of([row.actor])[row.actor]


@admin.register(Rollout)
class RolloutAdmin(ActingAdmin):
    system_path = "slot__system"
    list_display = (
        columns.text("", "Rollout"),
        columns.chip("state"),
        columns.record("promotion", "Request"),
        "share",
        columns.moment("created_at", "Started"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("slot__system", "promotion__slot__system", "promotion__model_version__model")
    search_fields = ("slot__key",)
    date_hierarchy = "created_at"
    acts = ("advance",)

    @admin.display(description="Share of the canary")
    def share(self, row: Rollout) -> str:
        return f"{row.steps[row.step]} % (step {row.step + 1} of {len(row.steps)})"

    def facts(self, row: Rollout) -> Iterable[tuple[str, Any]]:
        yield "Slot", row.slot
        yield "Request", row.promotion
        yield "State", show.state(row)
        yield "Share of the canary", self.share(row)
        yield "Steps", " → ".join(f"{percent} %" for percent in row.steps)
        yield "Started", row.created_at

    def offers(self, row: Rollout, request: HttpRequest) -> Iterable[Act]:
        if row.state == Rollout.State.RUNNING and allows(scoped.account(request), Action.OPERATE, row.slot.system):
            following = row.steps[row.step + 1]
            words = "It becomes the champion." if following == 100 else "The rest stays with the champion."
            yield Act("advance", f"Advance to {following} %", words, revision=row.revision)

    def advance(self, request: HttpRequest, row: Rollout) -> str:
        made = rollouts.advance(
            row, actor=acting.actor(request), revision=acting.revision(request), reason=acting.reason(request)
        )
        return f"The canary has {made.canary_percent} %." if made.canary else f"{made.champion} serves everybody."


def newest() -> QuerySet[SlotAssignment]:
    """What each slot serves now."""
    last = SlotAssignment.objects.order_by("slot_id", "-revision").distinct("slot_id")
    return SlotAssignment.objects.filter(pk__in=last.values("pk"))


def champion_since(now: SlotAssignment) -> datetime:
    """Since when the champion has served without a break, whatever canaries came and went beside it."""
    before = now.slot.assignments.filter(revision__lte=now.revision)
    other = before.exclude(champion_promotion=now.champion_promotion_id).first()
    first = before.filter(revision__gt=other.revision if other else 0).order_by("revision").first()
    return first.since if first else now.since


def signers(promotion: PromotionRequest) -> str:
    """Who signed for it, with the day."""
    made = promotion.decisions.all()
    return "; ".join(f"{one.printed_name} ({one.meaning.replace('_', ' ')}, {one.signed_at:%-d %b %Y})" for one in made)


def holds(promotion: PromotionRequest) -> SafeString:
    """Whether the approval holds now, checked as serving checks it, and until when."""
    found = approvals.problem(promotion)
    if found:
        return show.chip("expired", found)
    return (
        show.chip("approved", "holds, every signature verified")
        + mark_safe(" until ")
        + show.moment(promotion.valid_until)
    )


def _serving(row: Slot) -> SlotAssignment | None:
    return next(iter(row.current), None)  # type: ignore[attr-defined]


def _serves(now: SlotAssignment) -> SafeString:
    text = show.row(now.champion) + mark_safe(" serves since ") + show.moment(champion_since(now))
    if now.champion_emergency is not None:
        text += mark_safe(", without an approval: ") + show.row(now.champion_emergency, "the glass was broken")
    return text + mark_safe("; canary: ") + history.canary(now) if now.canary else text


def _served_at(slot: Slot, asked: str) -> SafeString | str:
    """What served at a moment, in a sentence; a time without a zone is UTC."""
    try:
        moment = parse_datetime(asked)
    except ValueError:
        moment = None
    if moment is None:
        return "That is not a time; write it as 2026-11-23T10:30."
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = assigning.at(slot, moment)
    if found is None or found.champion is None:
        return "Nothing served then."
    if found.champion_promotion is None:
        return _serves(found)
    return _serves(found) + mark_safe(", by the signature of ") + show.cell(signers(found.champion_promotion))
