"""Standing in for another: in one role, until a date, with the duties of both persons."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import timestamp
from registry import actors, events
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, Problem, RegistryError
from registry.models import AISystem, Delegation, User
from registry.permissions import allows, roles, visible_systems
from registry.roles import SIGNING, Action, Role
from registry.services import signing

LONGEST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when somebody stands in."""

    starts_at: datetime
    ends_at: datetime


def delegate(
    to: User, *, role: str, span: Span, reason: str, actor: Actor, system: AISystem | None = None
) -> Delegation:
    """Let another person sign in one of one's own roles, for one system or for all, for ninety days at most.

    The other one signs there already, in whatever role. It gives no role away and cannot be handed on: each signature
    asks whether both persons may decide at that moment.
    Records delegation.made. Raises Invalid, NotPermitted, DutyConflict.
    """
    delegator = signing.person(actor)
    _check_role(delegator, role, system)
    _check_span(span)
    _check_delegate(to, delegator, system)
    with transaction.atomic(durable=True):
        row = Delegation(
            delegator=delegator,
            delegate=to,
            role=role,
            system=system,
            reason=reason,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
        )
        row.save(force_insert=True)
        log.record(_made(row), subject=row, actor=actor, reason=reason)
    return row


def revoke(delegation: Delegation, *, actor: Actor) -> Delegation:
    """End a delegation before its time: the one who made it may, and the one who stands in.

    Records delegation.revoked. Raises Conflict, NotPermitted.
    """
    account = actors.account(actor)
    if account.pk not in (delegation.delegator_id, delegation.delegate_id):
        raise NotPermitted("The delegation is between two others.", remedy="Ask one of them.")
    with transaction.atomic(durable=True):
        # Who signs by it holds this row: afterwards nobody can have signed by what had ended.
        User.objects.select_for_update(no_key=True).get(pk=delegation.delegator_id)
        delegation = Delegation.objects.select_for_update().get(pk=delegation.pk)
        if delegation.revoked_at is not None or delegation.ends_at <= timezone.now():
            raise Conflict("The delegation has ended already.")
        delegation.revoked_at = timezone.now()
        delegation.save()
        log.record(events.DelegationRevoked(), subject=delegation, actor=actor)
    return delegation


def to(person: User, system: AISystem, *, at: datetime) -> list[Delegation]:
    """The delegations by which the person might sign for others in a system then, the oldest first."""
    rows = _in_force(Delegation.objects.filter(delegate=person), at)
    return list(rows.filter(Q(system=system) | Q(system=None)).select_related("delegator").order_by("id"))


def stood_in(rows: list[Delegation], *, delegator: User, delegate: User, role: str, at: datetime) -> bool:
    """Whether one of these delegations let the one sign for the other at that time."""
    return any(
        (row.delegator_id, row.delegate_id, row.role) == (delegator.pk, delegate.pk, role)
        and row.starts_at <= at < row.ends_at
        and (row.revoked_at is None or at < row.revoked_at)
        for row in rows
    )


def still_signs(delegation: Delegation, system: AISystem) -> bool:
    """Whether the one who delegated could sign in that role now: nobody stands in for who may not."""
    try:
        delegator = signing.person(actors.of(delegation.delegator))
    except RegistryError:
        return False
    return delegation.role in roles(delegator, system)


def _in_force(rows: QuerySet[Delegation], at: datetime) -> QuerySet[Delegation]:
    return rows.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), starts_at__lte=at, ends_at__gt=at)


def _check_role(delegator: User, role: str, system: AISystem | None) -> None:
    if role not in SIGNING:
        raise Invalid("Only a role that signs can be stood in for.", problems=[Problem("/role", "never signs")])
    if role not in roles(delegator, system):
        where = f"for the system {system.name!r}" if system else "for every system"
        raise NotPermitted(
            f"You are no {Role(role).label.lower()} {where}, so nobody stands in for you.",
            remedy="Delegate a role that you hold yourself, where you hold it.",
        )


def _check_span(span: Span) -> None:
    if span.ends_at <= max(span.starts_at, timezone.now()):
        raise Invalid(
            "A delegation ends after it begins, and not in the past.", problems=[Problem("/ends_at", "is too early")]
        )
    if span.ends_at - span.starts_at > LONGEST:
        raise Invalid(
            f"A delegation lasts {LONGEST.days} days at most.",
            problems=[Problem("/ends_at", "is too late", "Choose an earlier end, and delegate again then.")],
        )


def _check_delegate(to: User, delegator: User, system: AISystem | None) -> None:
    if to.pk == delegator.pk:
        raise DutyConflict("Nobody stands in for themselves.", remedy="Name another person.")
    try:
        signing.person(actors.of(to))
    except NotPermitted as error:
        raise DutyConflict(f"{to} cannot stand in: {error.detail}", remedy="Name a person who signs.") from error
    readable = visible_systems(to)
    if not (readable.filter(pk=system.pk) if system else readable).exists():
        raise Invalid(
            f"{to} may not read what they would decide on.", remedy="Have a role granted to them that reads there."
        )
    if not allows(to, Action.DECIDE, system):
        where = f"for the system {system.name!r}" if system else "for every system"
        raise DutyConflict(
            f"{to} does not sign {where}, and one person alone makes nobody a signer.",
            remedy="Name somebody who holds a role that signs there.",
        )


def _made(row: Delegation) -> events.DelegationMade:
    return events.DelegationMade(
        delegator=str(row.delegator_id),
        delegate=str(row.delegate_id),
        role=row.role,
        system=str(row.system_id) if row.system_id else None,
        starts_at=timestamp(row.starts_at),
        ends_at=timestamp(row.ends_at),
    )
