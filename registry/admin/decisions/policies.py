"""Policies to read as they were written, and to make effective by a second person."""

from collections.abc import Iterable
from typing import Any

import yaml
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.decisions import standing
from registry.gates import grammar, words
from registry.gates.policy import Policy
from registry.models import PolicyVersion
from registry.permissions import allows
from registry.roles import Action, Role
from registry.services.policies import policies, simulation
from registry.services.policies.simulation import GateChange, Simulation

#: Keys as a policy's author writes them; others follow by name.
ORDER = (
    *("apiVersion", "kind", "metadata", "name", "id", "version", "description", "applies_when", "evidence_defaults"),
    *("gates", "clause", "rationale", "evidence", "split", "metric", "attribute", "against", "for_each"),
    *("field", "bound", "confidence", "op", "value", "require", "role", "quorum", "meaning", "due_in"),
    *("min_n", "on_fail", "on_inconclusive", "skip_when", "waivable", "approval", "chain", "separation_of_duties"),
    *("reauthenticate", "valid_for", "stale_when", "rollout", "monitoring", "retrain", "retention"),
)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ActingAdmin):
    system_path = None  # A policy governs every system; who reads one may read them all.
    list_display = (
        columns.text("", "Policy"),
        columns.chip("state"),
        columns.text("author", "Written by"),
        columns.text("approved_by", "Approved by"),
        columns.moment("effective_from", "Effective from"),
        columns.digest("digest"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("author", "approved_by")
    search_fields = ("name", "digest")
    date_hierarchy = "created_at"
    acts = ("simulate", "approve")

    def headline(self, row: PolicyVersion) -> str:
        return str(row.document["metadata"].get("description", ""))

    def facts(self, row: PolicyVersion) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Written by", row.author
        yield "Proposed", row.created_at
        yield "Approved by", row.approved_by
        yield "Effective from", row.effective_from
        yield "Digest", row.digest

    def sections(self, row: PolicyVersion, request: HttpRequest) -> Iterable[Section]:
        policy = grammar.parse(row.document)
        yield Section("Gates", _gates(policy))
        yield Section(
            "Who signs, in this order",
            _chain(policy),
            f"An approval holds for {standing.length(policy.approval.valid_for)}.",
        )
        text = yaml.safe_dump(_in_order(row.document), sort_keys=False, allow_unicode=True, width=100)
        yield Section("The policy, whole", show.code(text))
        others = PolicyVersion.objects.filter(name=row.name).exclude(pk=row.pk).order_by("-version")
        versions = [[one, show.state(one), one.effective_from] for one in others]
        yield Section(
            "Other versions", show.table(["Version", "State", "Effective from"], versions, empty="There is no other.")
        )

    def offers(self, row: PolicyVersion, request: HttpRequest) -> Iterable[Act]:
        officer, admin = (
            allows(scoped.account(request), action) for action in (Action.APPROVE_POLICY, Action.PROPOSE_POLICY)
        )
        if row.state in (PolicyVersion.State.DRAFT, PolicyVersion.State.SIMULATED) and (officer or admin):
            words = "Says which past requests it would have answered otherwise; only then can it be approved."
            yield Act("simulate", "Try it on past requests", words, asks_reason=False)
        if row.state == PolicyVersion.State.SIMULATED and officer:
            words = f"You sign it; the version of {row.name} before it is superseded."
            yield Act("approve", "Make it effective", words, signs=True)

    def simulate(self, request: HttpRequest, row: PolicyVersion) -> HttpResponse:
        """The page again, with each past request that would have been answered otherwise."""
        found = simulation.simulate(row, actor=acting.actor(request))
        fresh = self.readable(request, str(row.pk))
        tried = Section("What it would have said", _outcome(found), found.sentence)
        return self.page(request, fresh, sections=[tried, *self.sections(fresh, request)])

    def approve(self, request: HttpRequest, row: PolicyVersion) -> str:
        credentials, reason = acting.credentials(request), acting.reason(request)
        policies.approve(row, credentials=credentials, reason=reason, actor=acting.actor(request))
        return f"{row} is effective."


def _outcome(found: Simulation) -> SafeString:
    """Each past request that changes sides, and the gates that make it so."""
    lines = [
        [one.promotion, show.chip(_passed(one.before)), show.chip(_passed(one.after)), _changes(one.gates)]
        for one in found.changed
    ]
    headers = ["Request", "It was", "It would be", "Because"]
    return show.table(headers, lines, empty="No past request would have been answered otherwise.")


def _passed(verdict: str) -> str:
    return "pass" if verdict == "ready" else verdict


def _changes(gates: Iterable[GateChange]) -> SafeString:
    return format_html_join("", "<p>{}: {}</p>", ((one.gate, one.reason) for one in gates))


def _in_order(value: Any) -> Any:
    """The document in the order in which people write one; the database keeps none."""
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {key: place for place, key in enumerate(ORDER)}
    return {key: _in_order(value[key]) for key in sorted(value, key=lambda key: (known.get(key, len(ORDER)), key))}


def _gates(policy: Policy) -> Any:
    headers = ["Gate", "Asks for", "Requires", "On fail", "If unclear", "Why", "Clauses"]
    return show.table(
        headers,
        [
            [
                gate.id,
                words.wanted(gate.evidence),
                words.threshold(gate.require).replace(">=", "≥").replace("<=", "≤"),
                gate.on_fail,
                gate.on_inconclusive,
                gate.rationale,
                ", ".join(gate.clause),
            ]
            for gate in policy.gates
        ],
    )


def _chain(policy: Policy) -> Any:
    return show.table(
        ["Step", "Role", "People", "Meaning", "Due in"],
        [
            [
                number,
                Role(step.role).label,
                step.quorum,
                standing.words(step.meaning),
                standing.length(step.due_in or ""),
            ]
            for number, step in enumerate(policy.approval.chain, start=1)
        ],
    )
