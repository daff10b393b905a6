"""Conditions: what an approval hangs on, checked by the server or settled by a person."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped, signed
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.errors import Invalid
from registry.models import Condition
from registry.permissions import allows
from registry.roles import Action, Role
from registry.services.decisions import conditions


@admin.register(Condition)
class ConditionAdmin(ActingAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        columns.text("text", "Condition", words=90),
        "stands",
        columns.record("promotion", "Request"),
        columns.moment("due_at", "Due"),
        columns.text("on_breach", "If breached"),
    )
    list_filter = ("state", "standing")
    list_select_related = page_related = (
        "promotion__slot",
        "promotion__model_version__model",
        "decision__promotion__slot",
    )
    search_fields = ("text", "promotion__slot__key")
    date_hierarchy = "due_at"
    acts = ("look", "settle")

    @admin.display(description="State", ordering="state")
    def stands(self, row: Condition) -> SafeString:
        return state(row)

    def headline(self, row: Condition) -> str:
        return row.finding

    def facts(self, row: Condition) -> Iterable[tuple[str, Any]]:
        yield "State", state(row)
        yield "Request", row.promotion
        yield "Asked for by", f"{row.decision.printed_name}, {Role(row.decision.role).label}"
        yield "Due", row.due_at
        yield "Must hold", "all the time until then" if row.standing else "by then"
        yield "If it is not kept", breach(row)
        yield "Last checked", row.checked_at
        yield "Settled", row.settled_at

    def sections(self, row: Condition, request: HttpRequest) -> Iterable[Section]:
        rule = show.document(row.rule) if row.rule else show.paragraph("A person settles it.")
        yield Section("What the server checks", rule)
        yield Section("Signatures", signed.table("condition", row.pk))

    def offers(self, row: Condition, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        system = row.promotion.slot.system
        if row.state != Condition.State.OPEN:
            return
        if row.rule and allows(account, Action.EVALUATE, system):
            yield Act("look", "Check now", "Asks the evidence that is there now.", asks_reason=False)
        if not row.rule and allows(account, Action.DECIDE, system):
            asks = (Question("met", "It is", kind="choice", choices=(("yes", "met"), ("no", "breached"))),)
            words = "A person settles what no rule can check."
            yield Act("settle", "Settle", words, revision=row.revision, asks=asks, signs=True)

    def look(self, request: HttpRequest, row: Condition) -> str:
        found = conditions.check(row, actor=acting.actor(request))
        return f"The condition is {show.said(found, 'state')}. {found.finding}".strip()

    def settle(self, request: HttpRequest, row: Condition) -> str:
        answer = request.POST.get("met", "")
        if answer not in ("yes", "no"):
            raise Invalid("Nothing was chosen.", remedy="Say whether the condition is met.")
        made = conditions.settle(
            row,
            met=answer == "yes",
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return f"The condition is {show.said(made, 'state')}, signed by you."


def state(row: Condition) -> SafeString:
    """An open condition is no alarm: it waits for its day."""
    return show.chip("pending" if row.state == Condition.State.OPEN else row.state, show.said(row, "state"))


def breach(row: Condition) -> str:
    """What follows where the condition is not kept."""
    return "the approval is suspended" if row.on_breach == Condition.OnBreach.SUSPEND else "people are told"
