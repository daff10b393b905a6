"""Rules of alerts: which alarms lead to which actions, made and changed on a page."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.models import AlertAction, AlertRule, Monitor
from monitoring.services.alerts import rules
from registry.admin import acting, scoped
from registry.admin.acting import Act
from registry.admin.asking import AskingAdmin
from registry.admin.questions import Question
from registry.errors import Invalid
from registry.models import AISystem, Slot
from registry.permissions import allows, systems_for
from registry.roles import ROLES_FOR, Action, Role

ON, OFF = "on", "off"
ACTIONS_SHOWN = 50
_CHANGE = "From the next alarm on; who changes it answers for all that it does."


@admin.register(AlertRule)
class AlertRuleAdmin(AskingAdmin):
    list_display = (
        "name",
        columns.record("system", "System"),
        columns.record("slot", "Slot"),
        "what_it_does",
        columns.number("in_a_row", "In a row"),
        "enabled",
        columns.text("created_by", "Made by"),
    )
    list_filter = ("enabled",)
    list_select_related = page_related = ("system", "slot", "created_by")
    search_fields = ("name", "system__name", "slot__key")
    acts = ("edit",)
    ask_title, ask_button = "A rule for alerts", "Make the rule"

    @admin.display(description="Leads to")
    def what_it_does(self, row: AlertRule) -> str:
        return _labels(row.actions, AlertRule.Do.choices) or "escalation alone"

    def facts(self, row: AlertRule) -> Iterable[tuple[str, Any]]:
        yield "System", row.system
        yield "Slot", row.slot or "every slot of the system"
        yield "Monitors", _labels(row.kinds, Monitor.Kind.choices) or "every kind"
        yield "Alarms in a row", row.in_a_row
        yield "Least impact", "any" if row.least_impact is None else row.least_impact
        yield "Leads to", self.what_it_does(row)
        yield "Unanswered, it escalates after", _minutes(row.escalate_after_minutes)
        yield "To", ", ".join(Role(role).label for role in row.escalate_to)
        yield "Enabled", row.enabled
        yield "Made by", row.created_by
        yield "Revision", row.revision

    def sections(self, row: AlertRule, request: HttpRequest) -> Iterable[Section]:
        found = AlertAction.objects.filter(rule=row).select_related("alert")[:ACTIONS_SHOWN]
        yield Section(
            "What it did",
            show.table(
                ["At", "Alert", "Action", "Outcome", "What came of it"],
                [
                    [one.created_at, one.alert, show.said(one, "action"), show.state(one, "outcome"), one.detail]
                    for one in found
                ],
                empty="It has not done anything yet: no alarm has met it.",
            ),
        )

    def explanation(self, request: HttpRequest) -> str:
        if not _systems(request).exists():
            return "You may not set up monitoring in any system. Ask a platform admin for the role of an operator."
        return (
            "It holds from the next alarm on. It acts by your rights: what you may not do by hand, it may not either."
        )

    def questions(self, request: HttpRequest) -> Iterable[Question]:
        systems = list(_systems(request))
        if not systems:
            return
        slots = Slot.objects.filter(system__in=systems).order_by("key")
        yield Question("system", "System", kind="choice", choices=[(str(one.pk), one.name) for one in systems])
        where = [(str(one.pk), one.key) for one in slots]
        yield Question("slot", "Slot", kind="choice", choices=where, required=False, help="Empty is every slot of it.")
        yield Question("name", "Name")
        yield from _terms(AlertRule(actions=[AlertRule.Do.NOTIFY]))

    def ask(self, request: HttpRequest) -> Model:
        system = _chosen(_systems(request), request.POST.get("system", ""), "system")
        slot = request.POST.get("slot", "")
        return rules.create(
            system,
            slot=_chosen(system.slots.all(), slot, "slot") if slot else None,
            name=request.POST.get("name", "").strip(),
            terms=_read(request),
            actor=acting.actor(request),
        )

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_authenticated and _systems(request).exists()

    def offers(self, row: AlertRule, request: HttpRequest) -> Iterable[Act]:
        if allows(scoped.account(request), Action.MONITOR, row.system):
            state = [(ON, "It holds"), (OFF, "It rests")]
            enabled = Question("enabled", "Enabled", kind="choice", choices=state, value=ON if row.enabled else OFF)
            asks = (Question("name", "Name", value=row.name), *_terms(row), enabled)
            yield Act("edit", "Change it", _CHANGE, asks_reason=False, revision=row.revision, asks=asks)

    def edit(self, request: HttpRequest, row: AlertRule) -> str:
        said = {"name": request.POST.get("name", "").strip(), "enabled": request.POST.get("enabled") == ON}
        changes = {**_read(request), **said}
        rules.change(row, changes=changes, revision=acting.revision(request), actor=acting.actor(request))
        return "The rule is changed."


def _terms(rule: AlertRule) -> Iterator[Question]:
    """What a rule says, as it stands."""
    kinds, actions = _capital(Monitor.Kind.choices), _capital(AlertRule.Do.choices)
    to = [(str(role), role.label) for role in Role if role in ROLES_FOR[Action.READ]]
    yield Question(
        "kinds",
        "Monitors",
        kind="several",
        choices=kinds,
        values=rule.kinds,
        required=False,
        help="None is every kind.",
    )
    yield Question("in_a_row", "Alarms in a row", value=str(rule.in_a_row), help="Without a quiet look between them.")
    yield Question(
        "least_impact", "Least impact", value=_text(rule.least_impact), required=False,
        help="How much of the metric the finding costs at least, such as 0.02; empty is any.",
    )  # fmt: skip
    yield Question("actions", "It leads to", kind="several", choices=actions, values=rule.actions)
    yield Question(
        "escalate_after_minutes", "Unanswered, it escalates after", value=_text(rule.escalate_after_minutes),
        required=False, help="In minutes; empty is never.",
    )  # fmt: skip
    yield Question("escalate_to", "To", kind="several", choices=to, values=rule.escalate_to, required=False)


def _read(request: HttpRequest) -> dict[str, Any]:
    """What was typed; the service says whether it makes a rule. Raises Invalid."""
    given = request.POST
    return {
        "kinds": given.getlist("kinds"),
        "in_a_row": _number(request, "in_a_row", int) or 1,
        "least_impact": _number(request, "least_impact", float),
        "actions": given.getlist("actions"),
        "escalate_after_minutes": _number(request, "escalate_after_minutes", int),
        "escalate_to": given.getlist("escalate_to"),
    }


def _number(request: HttpRequest, name: str, kind: type[int] | type[float]) -> Any:
    words = request.POST.get(name, "").strip()
    try:
        return kind(words) if words else None
    except ValueError as error:
        raise Invalid(f"{name.replace('_', ' ').capitalize()} is no number.", remedy="Enter one, or none.") from error


def _systems(request: HttpRequest) -> QuerySet[AISystem]:
    """Those in which the person sets up monitoring."""
    return systems_for(scoped.account(request), Action.MONITOR).order_by("name")


def _chosen(rows: Iterable[Any], pk: str, noun: str) -> Any:
    for row in rows:
        if str(row.pk) == pk:
            return row
    raise Invalid(f"The {noun} is none of those offered.", remedy=f"Choose a {noun}.")


def _capital(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(str(value), f"{label}"[:1].upper() + f"{label}"[1:]) for value, label in choices]


def _labels(values: Iterable[str], choices: Iterable[tuple[str, Any]]) -> str:
    known = {str(value): str(label)[:1].lower() + str(label)[1:] for value, label in choices}
    return ", ".join(known.get(value, value) for value in values)


def _minutes(count: int | None) -> str:
    return "never" if count is None else f"{count:,} minutes"


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
