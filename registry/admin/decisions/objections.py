"""What stands against a request and what is asked for it: findings, waivers and conditions, with their buttons."""

from collections.abc import Iterable

from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.decisions import conditions
from registry.admin.questions import Question
from registry.gates import waiving
from registry.models import Finding, Grant, ModelVersion, PromotionRequest, User, Waiver
from registry.permissions import allows
from registry.roles import ROLES_FOR, Action
from registry.services.approvals import approvals, findings
from registry.services.approvals.findings import Wrong
from registry.services.decisions import waivers
from registry.services.decisions.waivers import Asked

State = PromotionRequest.State
ACTS = ("raise_finding", "ask_waiver")
#: Whoever reads the request may still have something against it.
RAISABLE = (*PromotionRequest.OPEN, *PromotionRequest.VALID)


class Objecting(ActingAdmin):
    """The buttons by which people object to a request, and by which its author asks to go on all the same."""

    def offers(self, row: PromotionRequest, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        system = row.slot.system
        if row.state == State.BLOCKED and allows(account, Action.SUBMIT, system) and (gates := _waivable(row)):
            yield Act("ask_waiver", "Ask for a waiver", WAIVER, asks_reason=False, asks=_waiver(gates))
        if row.state in RAISABLE and allows(account, Action.FIND, system):
            yield Act("raise_finding", "Raise a finding", FINDING, asks_reason=False, asks=wrong(row.model_version))
        yield from super().offers(row, request)

    def raise_finding(self, request: HttpRequest, row: PromotionRequest) -> str:
        return raised(request, row.model_version, promotion=row)

    def ask_waiver(self, request: HttpRequest, row: PromotionRequest) -> str:
        given = request.POST
        asked = Asked(
            given.get("rationale", ""), given.get("compensating_control", ""), acting.moment(request, "expires_at")
        )
        made = waivers.request(row, gate=given.get("gate", ""), asked=asked, actor=acting.actor(request))
        return f"The waiver of {made.gate} is asked for; two people have to sign it."


FINDING = "High or critical: nobody approves the version until it is settled. It stays on record for ever."
WAIVER = "Sets one gate aside for a while, against something done instead; two people who had no part in it sign."


def wrong(version: ModelVersion) -> tuple[Question, ...]:
    """What a finding is asked for."""
    severities, owners = Finding.Severity.choices, _menders(version)
    return (
        Question("severity", "How bad it is", "choice", choices=severities),
        Question("title", "What is wrong, in a line"),
        Question("detail", "What you found, and how you know", "text"),
        Question("owner", "Who should mend it", "choice", choices=owners, required=False),
        Question("due_at", "Until when, in UTC", "time", required=False),
    )


def raised(request: HttpRequest, version: ModelVersion, *, promotion: PromotionRequest | None = None) -> str:
    """Raise what the form says; in words what follows."""
    given = request.POST
    owner = dict(_owners(version)).get(given.get("owner", ""))
    due_at = acting.moment(request, "due_at") if given.get("due_at") else None
    said = Wrong(given.get("severity", ""), given.get("title", ""), given.get("detail", ""), owner, due_at)
    made = findings.raise_(version, said, actor=acting.actor(request), promotion=promotion)
    blocks = made.severity in Finding.BLOCKING
    return "The finding is raised" + (": nobody approves the version until it is settled." if blocks else ".")


def sections(row: PromotionRequest) -> Iterable[Section]:
    """What people found, what was set aside and what is to be done; nothing where there is nothing."""
    found = list(row.model_version.findings.select_related("owner").order_by("-id"))
    if found:
        yield Section("Findings", finding_table(found), "About the version, whichever request they were raised on.")
    asked = list(row.waivers.select_related("requested_by").order_by("-id"))
    if asked:
        lines = [[one, show.state(one), one.compensating_control, one.requested_by, one.expires_at] for one in asked]
        yield Section("Waivers", show.table(["Waiver", "State", "Done instead", "Asked by", "Ends"], lines))
    hung = list(row.conditions.select_related("decision"))
    if hung:
        terms = [
            [one, conditions.state(one), one.decision.printed_name, one.due_at, conditions.breach(one)] for one in hung
        ]
        headers = ["Condition", "State", "Asked for by", "Due", "If it is not kept"]
        yield Section("Conditions", show.table(headers, terms))


def finding_table(found: Iterable[Finding]) -> SafeString:
    """Findings, each with the way to its page."""
    lines = [[one, show.state(one, "severity"), show.state(one), one.owner, one.due_at] for one in found]
    return show.table(["Finding", "Severity", "State", "Owner", "Due"], lines, empty="Nobody has found anything wrong.")


def _waivable(row: PromotionRequest) -> list[tuple[str, str]]:
    """The gates that block the request, that its policy lets be waived and nobody has asked to, with how long."""
    rules = {gate.id: gate.waivable for gate in approvals.policy_of(row).gates if gate.waivable is not None}
    blocking = [one for one in approvals.gates_of(row) if one.effect == "block" and one.verdict in waiving.WAIVABLE]
    asked = set(row.waivers.filter(state__in=[*waivers.OPEN, Waiver.State.ACTIVE]).values_list("gate", flat=True))
    free = [one.gate for one in blocking if one.gate in rules and one.gate not in asked]
    return [(gate, f"{gate}, {_longest(rules[gate].max_days)}") for gate in free]


def _longest(days: int | None) -> str:
    return f"for {days} days at most" if days else "without an end"


def _waiver(gates: list[tuple[str, str]]) -> tuple[Question, ...]:
    return (
        Question("gate", "The gate", "choice", choices=gates),
        Question("rationale", "Why it may be set aside", "text"),
        Question("compensating_control", "What is done instead", "text"),
        Question("expires_at", "Until when, in UTC", "time"),
    )


def _menders(version: ModelVersion) -> list[tuple[str, str]]:
    return [(name, str(person)) for name, person in _owners(version)]


def _owners(version: ModelVersion) -> list[tuple[str, User]]:
    """Those who may mend a version, by name."""
    there = Q(system=version.model.system_id) | Q(system=None)
    held = Grant.objects.held().filter(there, role__in=ROLES_FOR[Action.REGISTER]).values("account")
    people = User.objects.filter(pk__in=held, kind=User.Kind.PERSON, is_active=True).order_by("full_name", "username")
    return [(str(person.pk), person) for person in people]
