"""Holds: what stops everything new in a slot, who placed it, and the button that lifts it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.pages import columns, names, show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.models import Hold
from registry.permissions import allows
from registry.roles import Action
from registry.services.slots import holds

_LIFT = "Promotions into the slot and the steps of its rollout go on, if no other hold is open."


@admin.register(Hold)
class HoldAdmin(ActingAdmin):
    system_path = "slot__system"
    list_display = (
        columns.record("slot", "Slot"),
        "how_it_stands",
        columns.text("reason", "Why", words=110),
        columns.moment("created_at", "Since"),
        columns.moment("lifted_at", "Lifted"),
        columns.text("lifted_by", "Lifted by"),
    )
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    list_select_related = page_related = ("slot__system", "lifted_by")
    search_fields = ("slot__key", "reason")
    date_hierarchy = "created_at"
    acts = ("lift",)

    @admin.display(description="State", ordering="lifted_at")
    def how_it_stands(self, row: Hold) -> Any:
        return show.chip("open") if row.lifted_at is None else show.chip("closed", "lifted")

    def headline(self, row: Hold) -> str:
        return row.reason

    def facts(self, row: Hold) -> Iterable[tuple[str, Any]]:
        yield "State", self.how_it_stands(row)
        yield "Slot", row.slot
        yield "Placed by", names.of([row.source])[row.source]
        yield "Since", row.created_at
        yield "Lifted", row.lifted_at
        yield "Lifted by", row.lifted_by

    def sections(self, row: Hold, request: HttpRequest) -> Iterable[Section]:
        words = "It stops promotions into the slot and the steps of its rollout. What serves goes on, and so does the "
        yield Section("What it does", show.paragraph(f"{words}way back to an approved version."))

    def offers(self, row: Hold, request: HttpRequest) -> Iterable[Act]:
        if row.lifted_at is None and allows(scoped.account(request), Action.PAUSE, row.slot.system):
            yield Act("lift", "Lift it", _LIFT, revision=row.revision)

    def lift(self, request: HttpRequest, row: Hold) -> str:
        revision, who = acting.revision(request), acting.actor(request)
        holds.lift(row, reason=acting.reason(request), revision=revision, actor=who)
        return "The hold is lifted."
