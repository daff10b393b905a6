"""Accounts and the roles they hold."""

from datetime import timedelta

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from knox.models import AuthToken

from audit import log
from audit.actors import Actor
from registry import actors, authentication, events
from registry.errors import AlreadyExists, Conflict, DutyConflict, Invalid, NotPermitted, Problem
from registry.models import AISystem, Grant, User
from registry.permissions import require
from registry.roles import SIGNING, WEIGHTY, Action, Role
from registry.services import factors


def create(
    username: str,
    *,
    full_name: str,
    actor: Actor,
    password: str | None = None,
    team: str = "",
    kind: str = User.Kind.PERSON,
) -> User:
    """Make an account without any role. Records account.created. Raises AlreadyExists.

    A password that is None makes an account that can only use tokens. The name is kept in its one spelling, so that no
    two accounts look alike.
    """
    if actor.account is not None:
        require(actor, Action.MANAGE_PEOPLE)
    username = authentication.normalised(username)
    account = User(username=username, full_name=full_name, team=team, kind=kind, password=make_password(password))
    account.is_staff = kind == User.Kind.PERSON
    try:
        with transaction.atomic(durable=True):
            account.save(force_insert=True)
            log.record(events.AccountCreated(kind=kind), subject=account, actor=actor)
    except IntegrityError as error:
        raise AlreadyExists(f"The user name {username!r} is taken.", remedy="Choose another.") from error
    return account


def grant(account: User, role: Role, *, actor: Actor, system: AISystem | None = None) -> Grant:
    """Let an account act in a role; one that signs, operates or runs the platform waits until another agrees.

    Refuses a signing role for a service account or a platform admin, and any role that one grants to oneself. A part of
    the system, which makes the first accounts, needs no second person; the log says which it was.
    Records account.role_granted or account.grant_proposed.
    """
    admin = require(actor, Action.MANAGE_PEOPLE) if actor.account is not None else None
    with transaction.atomic(durable=True):
        account = User.objects.select_for_update().get(pk=account.pk)
        _check_duties(account, role, actor)
        pending = admin is not None and role in WEIGHTY
        given, fresh = Grant.objects.get_or_create(
            account=account, role=role, system=system, revoked_at=None,
            defaults={"granted_by": admin, "pending": pending},
        )  # fmt: skip
        if not fresh:
            raise Conflict(f"{account} already has the role {Role(role).label} there, or waits for it.")
        told = events.GrantProposed if pending else events.RoleGranted
        log.record(told(role=role, system=_where(given)), subject=account, actor=actor, also=[given])
    return given


def confirm_grant(grant: Grant, *, actor: Actor) -> Grant:
    """Agree to a role that a platform admin gave: another platform admin or a risk officer, never who gets the role.

    Records account.grant_confirmed. Raises Conflict, DutyConflict, NotPermitted.
    """
    second = require(actor, Action.VOUCH)
    with transaction.atomic(durable=True):
        account = User.objects.select_for_update().get(pk=grant.account_id)
        grant = Grant.objects.get(pk=grant.pk)
        if grant.revoked_at is not None or not grant.pending:
            raise Conflict("The role does not wait for anybody.", remedy="Look at the grant again.")
        if grant.granted_by_id == second.pk:
            raise DutyConflict("A second person confirms a role.", remedy="Ask a risk officer or another admin.")
        _check_duties(account, Role(grant.role), actor)
        grant.pending, grant.confirmed_by, grant.confirmed_at = False, second, timezone.now()
        grant.save(update_fields=["pending", "confirmed_by", "confirmed_at"])
        event = events.GrantConfirmed(role=grant.role, system=_where(grant))
        log.record(event, subject=account, actor=actor, also=[grant])
    return grant


def revoke(grant: Grant, *, actor: Actor) -> Grant:
    """End a role that somebody else holds.

    Records account.role_revoked. Raises Conflict, DutyConflict, NotPermitted.
    """
    admin = require(actor, Action.MANAGE_PEOPLE)
    with transaction.atomic(durable=True):
        account = User.objects.select_for_update().get(pk=grant.account_id)
        grant = Grant.objects.get(pk=grant.pk)
        if account.pk == admin.pk:
            raise DutyConflict("Nobody revokes a role of their own.", remedy="Ask another platform admin.")
        if grant.revoked_at is not None:
            raise Conflict("The role was revoked already.")
        grant.revoked_at = timezone.now()
        grant.save(update_fields=["revoked_at"])
        event = events.RoleRevoked(role=grant.role, system=_where(grant))
        log.record(event, subject=account, actor=actor, also=[grant])
    return grant


def deactivate(account: User, *, actor: Actor) -> User:
    """Close somebody else's account: it signs in nowhere any more, and its tokens and its signing factor are gone.

    Records account.deactivated and signing_factor.retired. Raises Conflict, DutyConflict, NotPermitted.
    """
    admin = require(actor, Action.MANAGE_PEOPLE)
    with transaction.atomic(durable=True):
        account = User.objects.select_for_update().get(pk=account.pk)
        if account.pk == admin.pk:
            raise DutyConflict("Nobody deactivates themselves.", remedy="Ask another platform admin.")
        if not account.is_active:
            raise Conflict("The account is deactivated already.")
        account.is_active = False
        account.save(update_fields=["is_active"])
        factors.retire(account, factors.LIVING, cause="deactivated", actor=actor)
        event = events.Deactivated(tokens_revoked=_end_tokens(account))
        log.record(event, subject=account, actor=actor)
    return account


@sensitive_variables("old", "new")
def change_password(account: User, *, old: str, new: str, actor: Actor) -> User:
    """Give one's own account another password, and put its signing key under it.

    Its tokens end, and its sessions with the old one. Records signing_factor.rewrapped and account.password_changed.
    Raises Invalid, NotPermitted, Conflict.
    """
    if actors.account(actor).pk != account.pk:
        raise NotPermitted("Only its owner changes a password.", remedy="Ask them to sign in and change it.")
    _check_passwords(account, old, new)
    hashed, rewrapped = make_password(new), factors.rewrapped(account, old=old, new=new)  # slow: before the lock
    with transaction.atomic(durable=True):
        account = User.objects.select_for_update().get(pk=account.pk)
        # Of two changes at once the later would save a key under a password that the earlier has ended.
        if not account.check_password(old):
            raise Conflict("The password has just been changed.", remedy="Begin again with the newer one.")
        account.password = hashed
        account.save(update_fields=["password"])
        factors.save_rewrapped(account, rewrapped, actor=actor)
        event = events.PasswordChanged(tokens_revoked=_end_tokens(account))
        log.record(event, subject=account, actor=actor)
    return account


def issue_token(account: User, *, actor: Actor, days: int) -> tuple[AuthToken, str]:
    """A new API token for whoever has just signed in with a password; it is shown once and kept as a hash.

    Records account.token_issued. Raises NotPermitted.
    """
    if actors.account(actor).pk != account.pk:
        raise NotPermitted("Nobody takes a token for somebody else.", remedy="Sign in with your own password.")
    return _issue(account, actor=actor, days=days)


def issue_service_token(account: User, *, actor: Actor, days: int) -> tuple[AuthToken, str]:
    """A new API token for a service account, which has nobody to type a password; a platform admin hands it over.

    Records account.token_issued. Raises Invalid for a person, NotPermitted.
    """
    require(actor, Action.MANAGE_PEOPLE)
    if account.kind != User.Kind.SERVICE:
        raise Invalid("Only a person signs in as themselves.", remedy="Let them ask for a token with their password.")
    return _issue(account, actor=actor, days=days)


def _issue(account: User, *, actor: Actor, days: int) -> tuple[AuthToken, str]:
    with transaction.atomic(durable=True):
        token, secret = AuthToken.objects.create(user=account, expiry=timedelta(days=days))
        event = events.TokenIssued(token=token.token_key, expires_at=timezone.now() + timedelta(days=days))
        log.record(event, subject=account, actor=actor)
    return token, secret


def revoke_token(token: AuthToken, *, actor: Actor) -> None:
    """Give up one's own token before it expires. Records account.token_revoked."""
    with transaction.atomic(durable=True):
        account = User.objects.select_for_update().get(pk=token.user_id)
        token.delete()
        log.record(events.TokenRevoked(token=token.token_key), subject=account, actor=actor)


@sensitive_variables("old", "new")
def _check_passwords(account: User, old: str, new: str) -> None:
    if not authentication.is_right(account, old):
        minutes = authentication.locked_minutes(account.username)
        wrong = f"too many wrong passwords; wait {minutes} minutes" if minutes else "is not right"
        raise Invalid("The old password is not right.", problems=[Problem("/old", wrong)])
    if old == new:
        raise Invalid("The new password is the old one.", problems=[Problem("/new", "is what you have already")])
    try:
        password_validation.validate_password(new, account)
    except ValidationError as error:
        found = [Problem("/new", message) for message in error.messages]
        raise Invalid("The new password is too weak.", remedy="Choose a long phrase.", problems=found) from None


def _end_tokens(account: User) -> int:
    deleted: int = AuthToken.objects.filter(user=account).delete()[0]
    return deleted


def _check_duties(account: User, role: Role, actor: Actor) -> None:
    # Those that wait too: both would be confirmed.
    held = {Role(name) for name in account.grants.filter(revoked_at=None).values_list("role", flat=True)}
    if actor.account is not None and actor.account.pk == account.pk:
        raise DutyConflict("Nobody grants a role to themselves.", remedy="Ask another platform admin.")
    if role in SIGNING and account.kind == User.Kind.SERVICE:
        raise DutyConflict("A service account never signs.", remedy="Grant this role to a person.")
    mixed = (role in SIGNING and Role.PLATFORM_ADMIN in held) or (role == Role.PLATFORM_ADMIN and held & SIGNING)
    if mixed:
        raise DutyConflict("A platform admin never signs.", remedy="Give one of the two roles to another person.")


def _where(given: Grant) -> str | None:
    return str(given.system_id) if given.system_id else None
