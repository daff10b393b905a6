"""Break-glass and incidents: what should not have happened, who answers for it, and until when."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped, signed
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.models import Emergency, Incident
from registry.permissions import allows
from registry.roles import Action
from registry.services.slots import emergencies, incidents


@admin.register(Emergency)
class EmergencyAdmin(ActingAdmin):
    system_path = "slot__system"
    list_display = (
        columns.record("slot", "Slot"),
        columns.record("model_version", "Version"),
        columns.chip("state"),
        columns.text("opened_by", "Opened by"),
        columns.moment("opened_at", "Opened"),
        columns.moment("ends_at", "Ends"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("slot", "model_version__model", "opened_by")
    search_fields = ("slot__key", "reason")
    date_hierarchy = "opened_at"
    acts = ("end",)

    def headline(self, row: Emergency) -> str:
        return row.reason

    def facts(self, row: Emergency) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Slot", row.slot
        yield "Version", row.model_version
        yield "Opened by", row.opened_by
        yield "Opened", row.opened_at
        yield "Ends at the latest", row.ends_at
        yield "Ended", row.ended_at
        yield "After-review", getattr(row, "review", None)

    def sections(self, row: Emergency, request: HttpRequest) -> Iterable[Section]:
        yield Section("Signatures", signed.table("emergency", row.pk))

    def offers(self, row: Emergency, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        if row.state == Emergency.State.ACTIVE and allows(account, Action.BREAK_GLASS, row.slot.system):
            words = "The last champion whose approval holds serves again, or nothing."
            yield Act("end", "End it now", words, grave=True, revision=row.revision)

    def end(self, request: HttpRequest, row: Emergency) -> str:
        revision, who = acting.revision(request), acting.actor(request)
        made = emergencies.end(row, reason=acting.reason(request), revision=revision, actor=who)
        return f"It is over: {(made and made.champion) or 'nothing'} serves."


@admin.register(Incident)
class IncidentAdmin(ActingAdmin):
    list_display = (
        "title",
        columns.chip("severity", "Severity"),
        columns.chip("state"),
        columns.record("system", "System"),
        columns.text("owner", "Owner"),
        columns.moment("detected_at", "Detected"),
        columns.moment("authority_deadline", "Authority by"),
    )
    list_filter = ("state", "severity", "source")
    list_select_related = page_related = ("system", "slot", "owner")
    search_fields = ("title", "detail", "system__name")
    date_hierarchy = "detected_at"
    acts = ("move",)

    def headline(self, row: Incident) -> str:
        return row.detail

    def facts(self, row: Incident) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Severity", show.state(row, "severity")
        yield "System", row.system
        yield "Slot", row.slot
        yield "Found by", "a person" if row.source == "person" else row.source.replace("_", " ")
        yield "Owner", row.owner
        yield "Detected", row.detected_at
        yield "To be reported to the authority by", row.authority_deadline
        yield "Closed", row.closed_at

    def offers(self, row: Incident, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        states = list(Incident.State)
        later = states[states.index(Incident.State(row.state)) + 1 :]
        if later and allows(account, Action.HANDLE_INCIDENT, row.system):
            asks = (
                Question(
                    "to", "It is now", kind="choice", choices=[(later[0].value, later[0].label)], value=later[0].value
                ),
            )
            yield Act("move", "Go on", "Forward only; what was done is on record.", revision=row.revision, asks=asks)

    def move(self, request: HttpRequest, row: Incident) -> str:
        to, revision, who = request.POST.get("to", ""), acting.revision(request), acting.actor(request)
        made = incidents.move(row, to=to, reason=acting.reason(request), revision=revision, actor=who)
        return f"The incident is {show.said(made, 'state')}."
