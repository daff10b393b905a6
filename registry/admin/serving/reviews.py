"""Reviews that come due: by date, because grounds moved, or after break-glass."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped, signed
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.errors import Invalid
from registry.models import PeriodicReview
from registry.permissions import allows
from registry.roles import Action
from registry.services.approvals import reviews
from registry.services.slots import reviewing

PROMOTION = ("promotion__slot", "promotion__model_version__model")
EMERGENCY = ("emergency__slot", "emergency__model_version__model")


@admin.register(PeriodicReview)
class PeriodicReviewAdmin(ActingAdmin):
    system_path = None  # Of two ways to its system a review has one; see get_queryset.
    list_display = (
        columns.text("", "Review"),
        columns.chip("state"),
        columns.text("detail", "What changed", words=80),
        columns.moment("due_at", "Due"),
        columns.moment("lapses_at", "Takes effect"),
    )
    list_filter = ("state", "cause")
    list_select_related = page_related = (*PROMOTION, *EMERGENCY, "completed_by")
    search_fields = ("detail", "promotion__slot__key")
    date_hierarchy = "due_at"
    acts = ("complete", "extend")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicReview]:
        mine = scoped.systems(request)
        reach = Q(promotion__slot__system__in=mine) | Q(emergency__slot__system__in=mine)
        return super().get_queryset(request).filter(reach)

    def headline(self, row: PeriodicReview) -> str:
        return row.detail

    def facts(self, row: PeriodicReview) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Cause", row.get_cause_display()
        yield "Break-glass" if row.emergency else "Approval", row.emergency or row.promotion
        yield "Due", row.due_at
        yield "Unreviewed, it lapses", row.lapses_at
        if row.extended:
            yield "Extended", row.extended
        if row.completed_at is not None:
            yield "Outcome", show.state(row, "outcome")
            yield "Completed by", row.completed_by
            yield "Completed", row.completed_at

    def sections(self, row: PeriodicReview, request: HttpRequest) -> Iterable[Section]:
        yield Section("Signatures", signed.table("review", row.pk))

    def offers(self, row: PeriodicReview, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        about: Any = row.promotion or row.emergency
        if row.state not in PeriodicReview.OPEN or not allows(account, Action.DECIDE, about.slot.system):
            return
        asks = (Question("outcome", "Outcome", kind="choice", choices=PeriodicReview.Outcome.choices),)
        words = "Somebody without a part in the version looks again, and signs what they find."
        yield Act("complete", "Complete", words, revision=row.revision, asks=asks, signs=True)
        if not row.extended and row.promotion:
            asks = (Question("days", "By how many days", help="Fourteen at most, and only once."),)
            yield Act("extend", "Extend", "Gives the review more time.", revision=row.revision, asks=asks)

    def complete(self, request: HttpRequest, row: PeriodicReview) -> str:
        made = reviewing.complete(
            row,
            outcome=request.POST.get("outcome", ""),
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return f"The review is {show.said(made, 'state')}: {show.said(made, 'outcome')}."

    def extend(self, request: HttpRequest, row: PeriodicReview) -> str:
        days = request.POST.get("days", "")
        if not days.isdecimal():
            raise Invalid("The number of days is missing.", remedy="Enter a whole number, fourteen at most.")
        revision, who = acting.revision(request), acting.actor(request)
        made = reviews.extend(row, days=int(days), reason=acting.reason(request), revision=revision, actor=who)
        return f"The review has time until {made.lapses_at:%d %b %Y}."
