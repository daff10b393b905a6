"""Each clause for each system: covered, stale, missing or not applicable, with the records that say so."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from registry.clauses import clause as clauses
from registry.clauses import judging
from registry.clauses.clause import Clause, Need
from registry.clauses.judging import Answer, Found
from registry.models import AISystem, ClauseExemption
from registry.services.coverage import approvals, exemptions, records, versions
from registry.services.coverage.scope import Scope

Query = Callable[[Scope, Mapping[str, Any]], dict[UUID, Found]]

QUERIES: dict[str, Query] = {
    "approved": approvals.approved,
    "back_tested": versions.back_tested,
    "data_evidence": versions.data_evidence,
    "data_says": versions.data_says,
    "decided": approvals.decided,
    "erasures": records.erasures,
    "events": records.events,
    "every_gate_has": approvals.every_gate_has,
    "evidence": versions.evidence,
    "filled": records.filled,
    "gates_answered": approvals.gates_answered,
    "gates_name": approvals.gates_name,
    "genuine": approvals.genuine,
    "independent": approvals.independent,
    "no_sensitive_features": versions.no_sensitive_features,
    "policy_says": approvals.policy_says,
    "preregistered": approvals.preregistered,
    "registered": versions.registered,
    "retained": approvals.retained,
    "roles": records.roles,
    "rows": records.rows,
    "texts": versions.texts,
    "two_factors": approvals.two_factors,
    "verified": records.verified,
    "within_change_plan": approvals.within_change_plan,
}


def of(system: AISystem, *, now: datetime | None = None) -> list[Answer]:
    """Every clause for one system."""
    return matrix([system], now=now)[system.pk]


def matrix(
    systems: Iterable[AISystem], *, now: datetime | None = None, among: Iterable[Clause] | None = None
) -> dict[UUID, list[Answer]]:
    """Every clause for each of these systems, in as many queries for one as for all; each question is asked once."""
    scope = Scope(systems, now or timezone.now())
    exempted, asked = exemptions.standing(scope.ids), tuple(clauses.every() if among is None else among)
    answered: dict[str, dict[UUID, Found]] = {}

    def found(need: Need, system: UUID) -> Found:
        if need.question not in answered:
            answered[need.question] = QUERIES[need.query](scope, need.given)
        return answered[need.question].get(system, Found())

    return {
        system: [_answer(clause, scope, system, exempted.get((system, clause.id)), found) for clause in asked]
        for system in scope.systems
    }


def _answer(
    clause: Clause,
    scope: Scope,
    system: UUID,
    exemption: ClauseExemption | None,
    found: Callable[[Need, UUID], Found],
) -> Answer:
    why = judging.not_concerned(clause, scope.context(system), scope.now)
    if why:
        return Answer(clause, "not_applicable", why)
    if exemption is not None:
        by = f"Signed by {exemption.printed_name}, {exemption.signed_at:%d %B %Y}: {exemption.reason}"
        return Answer(clause, "not_applicable", by, exemption=exemption)
    return judging.judge(clause, lambda need: found(need, system), scope.now)
