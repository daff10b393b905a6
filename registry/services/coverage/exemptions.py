"""A person's signed word that a clause does not apply to a system, and taking it back."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.clauses import clause as clauses
from registry.errors import AlreadyExists, Conflict, Invalid, Problem
from registry.models import AISystem, ClauseExemption
from registry.permissions import require, roles
from registry.roles import ROLES_FOR, Action, Role
from registry.services import signing
from registry.services.coverage import keys
from registry.services.signing import Credentials, Stated

MEANING = "does not apply"


def sign(system: AISystem, *, clause: str, reason: str, credentials: Credentials, actor: Actor) -> ClauseExemption:
    """Sign that a clause does not apply. Records clause_exemption.signed.

    Raises NotPermitted, SignatureRejected, Invalid for a clause that is not known, AlreadyExists.
    """
    require(actor, Action.EXEMPT, system)
    _check(clause, reason)
    signer = signing.prove(actor, credentials)
    with transaction.atomic(durable=True):
        system = AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
        account = signing.person(actor)
        require(actor, Action.EXEMPT, system)
        if ClauseExemption.objects.filter(system=system, clause=clause, withdrawn_at=None).exists():
            raise AlreadyExists(f"{clause} is exempted already.", remedy="Withdraw that first.")
        row = ClauseExemption(system=system, clause=clause, reason=reason, meaning=MEANING)
        row.role = _role(roles(account, system))
        for name, value in signing.columns(signer, _stated(row)).items():
            setattr(row, name, value)
        row.save(force_insert=True)
        event = events.ClauseExempted(
            system=str(system.pk),
            clause=clause,
            record=row.signed_digest,
            signature=records.digest(records.signature(row)),
        )
        log.record(event, subject=row, actor=actor, reason=reason)
    return row


def withdraw(exemption: ClauseExemption, *, reason: str, actor: Actor) -> ClauseExemption:
    """Ask for the clause again; the signed word stays. Records clause_exemption.withdrawn. Raises Conflict."""
    require(actor, Action.EXEMPT, exemption.system)
    with transaction.atomic(durable=True):
        rows = ClauseExemption.objects.select_for_update(of=("self",), no_key=True).select_related("system")
        exemption = rows.get(pk=exemption.pk)
        if exemption.withdrawn_at is not None:
            raise Conflict("The exemption was withdrawn already.")
        exemption.withdrawn_at = timezone.now()
        exemption.save(update_fields=["withdrawn_at"])
        event = events.ExemptionWithdrawn(system=str(exemption.system_id), clause=exemption.clause)
        log.record(event, subject=exemption, actor=actor, reason=reason)
    return exemption


def standing(systems: list[UUID]) -> dict[tuple[UUID, str], ClauseExemption]:
    """The exemptions that count, by system and clause: not withdrawn, and signed by whom and over what they say."""
    rows = list(ClauseExemption.objects.filter(system__in=systems, withdrawn_at=None))
    known = keys.of(rows)
    return {(row.system_id, row.clause): row for row in rows if keys.verifies(row, _digest(row), known)}


def _check(clause: str, reason: str) -> None:
    problems = []
    if clause not in clauses.by_id():
        problems.append(Problem("/clause", f"There is no clause {clause!r}.", "Take an id from the coverage."))
    if not reason.strip():
        problems.append(Problem("/reason", "An exemption needs its reason.", "Say why the clause does not apply."))
    if problems:
        raise Invalid("Some fields cannot be used.", problems=problems)


def _stated(row: ClauseExemption) -> Stated:
    return Stated(
        kind="exemption",
        subject="clause_exemption",
        identity=row.pk,
        record_digest=_digest(row),
        verdict="not applicable",
        role=row.role,
        meaning=row.meaning,
        reason=row.reason,
    )


def _digest(row: ClauseExemption) -> str:
    return records.digest(records.clause_exemption(row))


def _role(held: frozenset[Role]) -> str:
    return sorted(held & ROLES_FOR[Action.EXEMPT])[0]
