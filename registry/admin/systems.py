"""AI systems: what each is for, how much is at stake, and all that belongs to it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin.scoped import ScopedAdmin
from registry.models import AISystem


@admin.register(AISystem)
class AISystemAdmin(ScopedAdmin):
    system_path = "pk"
    list_display = (
        "name",
        columns.chip("risk_tier", "Risk tier"),
        columns.text("purpose", "Purpose", words=90),
        columns.text("owner", "Owner"),
        columns.moment("created_at", "Registered"),
    )
    list_filter = ("risk_tier",)
    list_select_related = page_related = ("owner",)
    search_fields = ("name", "purpose")
    date_hierarchy = "created_at"

    def headline(self, row: AISystem) -> str:
        return row.purpose

    def facts(self, row: AISystem) -> Iterable[tuple[str, Any]]:
        yield "Risk tier", show.chip(row.risk_tier)
        yield "Legal basis", row.legal_basis
        yield "Owner", row.owner
        yield "Registered", row.created_at
        yield "Revision", row.revision

    def sections(self, row: AISystem, request: HttpRequest) -> Iterable[Section]:
        slots = row.slots.order_by("name")
        yield Section("Slots", show.table(["Slot", "Revision"], [[slot, slot.revision] for slot in slots]))
        models = row.models.order_by("name")
        yield Section("Models", show.table(["Model", "Description"], [[one, one.description] for one in models]))
        datasets = row.datasets.order_by("name")
        yield Section("Datasets", show.table(["Dataset", "Licence"], [[one, one.licence] for one in datasets]))
        grants = row.grants.filter(revoked_at=None).select_related("account")
        people = show.table(
            ["Account", "Role"],
            [[one.account, one.get_role_display()] for one in grants],
            empty="Nobody holds a role for this system alone; roles for every system are under People.",
        )
        yield Section("People", people)
