"""AI systems: what each is for, how much is at stake, and all that belongs to it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, covering, scoped, tiers
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.clauses import judging
from registry.models import AISystem
from registry.permissions import allows
from registry.roles import Action
from registry.services.coverage import exemptions, verdicts
from registry.services.systems import materiality_of


@admin.register(AISystem)
class AISystemAdmin(ActingAdmin):
    system_path = "pk"
    list_display = (
        "name",
        tiers.column(""),
        columns.text("purpose", "Purpose", words=90),
        columns.text("owner", "Owner"),
        columns.moment("created_at", "Registered"),
    )
    list_filter = ("risk_tier",)
    list_select_related = page_related = ("owner",)
    search_fields = ("name", "purpose")
    date_hierarchy = "created_at"
    acts = ("exempt",)

    def headline(self, row: AISystem) -> str:
        return row.purpose

    def facts(self, row: AISystem) -> Iterable[tuple[str, Any]]:
        yield "Risk tier", tiers.chip(row)
        stakes = f"{row.get_exposure_display()}; {row.get_reliance_display()}"
        yield "Materiality", format_html('{} <span class="note">{}</span>', show.chip(materiality_of(row)), stakes)
        yield "We are its", row.get_position_display()
        yield "Held to", ", ".join(AISystem.Regime(one).label for one in row.regimes) or "nothing that was named"
        yield "Personal data", row.personal_data
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
        grants = row.grants.held().select_related("account")
        people = show.table(
            ["Account", "Role"],
            [[one.account, one.get_role_display()] for one in grants],
            empty="Nobody holds a role for this system alone; roles for every system are under People.",
        )
        yield Section("People", people)
        answers = [one for one in verdicts.of(row) if one.clause.regime in row.regimes]
        yield Section("What is on record for each clause", covering.counts(answers), judging.NOTICE)
        yield Section("Every clause", covering.table(answers), folded=True)

    def offers(self, row: AISystem, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        if row.regimes and allows(account, Action.EXEMPT, row):
            asks = (Question("clause", "The clause", "choice", choices=covering.asked_for(row)),)
            words = "You sign that a clause is not asked for from this system, and why. It stays on record."
            yield Act("exempt", "Declare a clause not applicable", words, asks=asks, signs=True)

    def exempt(self, request: HttpRequest, row: AISystem) -> str:
        made = exemptions.sign(
            row,
            clause=request.POST.get("clause", ""),
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            actor=acting.actor(request),
        )
        return f"{made.clause} does not apply, signed by you."
