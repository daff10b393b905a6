"""Whoever lost the phone gets another signing factor when two people agree, neither of them its owner."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import Conflict, DutyConflict
from registry.models import SigningFactor, User
from registry.permissions import require
from registry.roles import Action
from registry.services import factors

AGREE_WITHIN = timedelta(days=1)
State = SigningFactor.State


def ask(account: User, *, actor: Actor, reason: str) -> SigningFactor:
    """Ask, as a platform admin, to retire the factor of somebody who cannot give its codes any more.

    Records signing_factor.reset_asked. Raises Conflict, DutyConflict, NotPermitted.
    """
    admin = require(actor, Action.MANAGE_PEOPLE)
    with transaction.atomic(durable=True):
        factor = _locked(account, admin)
        factor.reset_asked_by, factor.reset_asked_at = admin, timezone.now()
        factor.save(update_fields=["reset_asked_by", "reset_asked_at"])
        log.record(events.FactorResetAsked(account=f"person:{account.pk}"), subject=factor, actor=actor, reason=reason)
    return factor


def agree(account: User, *, actor: Actor, reason: str) -> SigningFactor:
    """Retire the factor, as another platform admin or a risk officer, within a day of the first.

    Its owner enrols a new one with the password alone; what the old key signed stays verifiable.
    Records signing_factor.retired. Raises Conflict, DutyConflict, NotPermitted.
    """
    second = require(actor, Action.VOUCH)
    with transaction.atomic(durable=True):
        factor = _locked(account, second)
        if factor.reset_asked_at is None or factor.reset_asked_at <= timezone.now() - AGREE_WITHIN:
            raise Conflict("Nobody has asked for this reset since yesterday.", remedy="A platform admin asks first.")
        if factor.reset_asked_by_id == second.pk:
            raise DutyConflict("A second person agrees to a reset.", remedy="Ask a risk officer or another admin.")
        factors.retire(account, factors.LIVING, cause="reset", actor=actor, reason=reason)
    factor.refresh_from_db()
    return factor


def _locked(account: User, by: User) -> SigningFactor:
    """The factor to reset, with the account locked, as everything does that changes either."""
    if by.pk == account.pk:
        raise DutyConflict("Nobody resets their own signing factor.", remedy="Let two other people do it.")
    User.objects.select_for_update().get(pk=account.pk)
    factor = SigningFactor.objects.select_for_update().filter(account=account, state=State.ACTIVE).first()
    if factor is None:
        raise Conflict(f"{account} has no signing factor.", remedy="They enrol one with their password alone.")
    return factor
