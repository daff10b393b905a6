"""What a person signs with beside the password: one-time codes, and a key of their own that the password opens."""

import secrets
from base64 import b32encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.models import Event
from registry import authentication, events, signatures
from registry.errors import Conflict, NotPermitted, SignatureRejected
from registry.models import Grant, SigningFactor, User
from registry.roles import Role
from registry.services import codes, personal_keys

State = SigningFactor.State
#: States in which a factor can sign, or may come to.
LIVING = (State.PENDING, State.ACTIVE)
CONFIRM_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A factor that waits for its first code, with the secret for the authenticator: shown once, never again."""

    factor: SigningFactor
    secret: str
    uri: str


@dataclass(frozen=True, slots=True, repr=False)
class Rewrapping:
    """The account's factor as it was read, and its key under the new password; None where there is nothing to write."""

    factor: SigningFactor | None
    wrapped_key: bytes | None


def person(actor: Actor) -> User:
    """The person who acts, as the database has them now.

    Raises NotPermitted for service accounts, parts of the system, and platform admins.
    """
    given = actor.account
    account = User.objects.filter(pk=given.pk).first() if isinstance(given, User) else None
    if account is None or account.kind != User.Kind.PERSON or not account.is_active:
        raise NotPermitted("Only a person signs.", remedy="Sign in as yourself; service accounts never decide.")
    if Grant.objects.held().filter(account=account, role=Role.PLATFORM_ADMIN).exists():
        raise NotPermitted(
            "A platform admin never signs.", remedy="Ask somebody who does not run the platform, or give up that role."
        )
    return account


@sensitive_variables("password", "code")
def enrol(account: User, *, password: str, actor: Actor, code: str = "") -> Enrolment:
    """Make a new key and a new secret for one's own account; a first code confirms that the authenticator has it.

    While a factor is active, a code of it is needed too: who found out the password alone replaces nothing. One that
    still waits for its first code is retired, so that only the newest can be confirmed. Refused under a password that
    whoever made the account set, and so knows.
    Records signing_factor.enrolled. Raises SignatureRejected for a wrong password or code, NotPermitted, Conflict.
    """
    account = _own(account, password, actor)
    before = active(account)
    if before is not None:
        _spend_old(before, code)
    key, secret = Ed25519PrivateKey.generate(), secrets.token_bytes(codes.SECRET_BYTES)
    factor = SigningFactor(
        account=account,
        public_key=signatures.public_hex(key),
        wrapped_key=personal_keys.wrap(account, key, password),
        totp_secret=personal_keys.seal(account, secret, personal_keys.SECRET),
    )
    with transaction.atomic(durable=True):
        _lock_unchanged(account)
        if active(account) != before:
            raise Conflict("Your signing factor has just changed.", remedy="Look at it, and begin again.")
        retire(account, (State.PENDING,), cause="replaced", actor=actor)
        factor.save(force_insert=True)
        event = events.FactorEnrolled(account=f"person:{account.pk}", public_key=factor.public_key)
        log.record(event, subject=factor, actor=actor)
    text = b32encode(secret).decode()
    return Enrolment(factor=factor, secret=text, uri=_uri(account, text))


@sensitive_variables("password", "code")
def confirm(factor: SigningFactor, *, password: str, code: str, actor: Actor) -> SigningFactor:
    """Start to sign with a factor, given its first code within a quarter of an hour; the one before it retires.

    Records signing_factor.confirmed and signing_factor.retired. Raises SignatureRejected, Conflict, NotPermitted.
    """
    account = _own(factor.account, password, actor)
    _check_waits(factor)
    codes.spend(factor, code)
    with transaction.atomic(durable=True):
        _lock_unchanged(account)
        factor = SigningFactor.objects.select_for_update().get(pk=factor.pk)
        _check_waits(factor)
        retire(account, (State.ACTIVE,), cause="replaced", actor=actor)
        factor.state, factor.confirmed_at = State.ACTIVE, timezone.now()
        factor.save(update_fields=["state", "confirmed_at"])
        event = events.FactorConfirmed(account=f"person:{account.pk}", public_key=factor.public_key)
        log.record(event, subject=factor, actor=actor)
    return factor


def active(account: User) -> SigningFactor | None:
    """What the account signs with now."""
    return SigningFactor.objects.filter(account=account, state=State.ACTIVE).first()


def newest(account: User) -> SigningFactor | None:
    """The factor that the account enrolled last, in whatever state."""
    return SigningFactor.objects.filter(account=account).order_by("-id").first()


@sensitive_variables("password", "code")
def opened(account: User, *, password: str, code: str) -> Ed25519PrivateKey:
    """The person's key, for a password that has been found right and a code that works once.

    Raises SignatureRejected.
    """
    factor = active(account)
    if factor is None:
        raise SignatureRejected(
            "You have no signing factor yet, so nothing was signed.",
            remedy="Enrol one: POST /api/v1/me/factor, or the page 'Your signing factor'.",
        )
    codes.spend(factor, code)
    try:
        return personal_keys.unwrap(factor, password)
    except personal_keys.DoesNotOpen as error:
        raise SignatureRejected(
            "Your signing key does not open with this password, so nothing was signed.",
            remedy="Enrol a new factor: somebody else has set your password since.",
        ) from error


@sensitive_variables("old", "new")
def rewrapped(account: User, *, old: str, new: str) -> Rewrapping:
    """The account's key under another password, not saved yet; a key that the old one does not open stays as it is."""
    factor = active(account)
    if factor is None:
        return Rewrapping(None, None)
    try:
        key = personal_keys.unwrap(factor, old)
    except personal_keys.DoesNotOpen:
        return Rewrapping(factor, None)
    return Rewrapping(factor, personal_keys.wrap(account, key, new))


def save_rewrapped(account: User, made: Rewrapping, *, actor: Actor) -> None:
    """In the transaction that changes the password, which has locked the account. Records signing_factor.rewrapped.

    Raises Conflict where the factor was replaced in the meantime: the new one would stay under the old password.
    """
    factor = active(account)
    if factor != made.factor:
        raise Conflict("Your signing factor has just changed.", remedy="Change the password again.")
    if factor is not None and made.wrapped_key is not None:
        factor.wrapped_key = made.wrapped_key
        factor.save(update_fields=["wrapped_key"])
        log.record(events.FactorRewrapped(), subject=factor, actor=actor)


def belongs(account_id: UUID, public_key: str, at: datetime) -> bool:
    """Whether the key was the person's own at that time."""
    return (
        SigningFactor.objects.filter(account=account_id, public_key=public_key, confirmed_at__lte=at)
        .filter(Q(retired_at=None) | Q(retired_at__gt=at))
        .exists()
    )


def retire(
    account: User, states: Collection[State], *, cause: str, actor: Actor, reason: str = ""
) -> list[SigningFactor]:
    """End the account's factors that are in these states, in the caller's transaction, which has locked the account.

    The public key stays, so that what it signed can be checked. Records signing_factor.retired.
    """
    rows = list(SigningFactor.objects.select_for_update().filter(account=account, state__in=states).order_by("id"))
    for row in rows:
        row.state, row.retired_at = State.RETIRED, timezone.now()
        row.save(update_fields=["state", "retired_at"])
        event = events.FactorRetired(account=f"person:{account.pk}", public_key=row.public_key, cause=cause)
        log.record(event, subject=row, actor=actor, reason=reason)
    return rows


def require_usable(account: User, public_key: str) -> None:
    """In the transaction that keeps a signature, with the account locked: the key is still what the person signs with.

    Raises SignatureRejected: the factor was retired between its code and the signature.
    """
    if not SigningFactor.objects.filter(account=account, public_key=public_key, state=State.ACTIVE).exists():
        raise SignatureRejected(
            "Your signing factor has just been retired, so nothing was signed.", remedy="Enrol a new one."
        )


@sensitive_variables("password")
def check_password(account: User, password: str) -> None:
    """Raises SignatureRejected unless it is the account's own."""
    if authentication.is_right(account, password):
        return
    minutes = authentication.locked_minutes(account.username)
    if minutes:
        raise SignatureRejected(
            f"There were too many wrong passwords; wait {minutes} minutes. Nothing was signed.",
            remedy="If it was not you who tried them, tell a platform admin.",
        )
    raise SignatureRejected(
        "The password is not right, so nothing was signed.", remedy="Enter your own password again."
    )


@sensitive_variables("password")
def _own(account: User, password: str, actor: Actor) -> User:
    """Read before the password is checked: `_lock_unchanged` compares."""
    own = person(actor)
    if own.pk != account.pk:
        raise NotPermitted("Nobody enrols a factor for somebody else.", remedy="Let them sign in and enrol it.")
    check_password(own, password)
    _check_chosen(own)
    return own


def _check_chosen(account: User) -> None:
    """Read from the log, which nobody rewrites: a password is the owner's own once they have changed it."""
    told = Event.objects.filter(subject_type="account", subject_id=str(account.pk))
    made_by_another = told.filter(event="account.created").exclude(actor__startswith="system:").exists()
    own = f"person:{account.pk}"
    if made_by_another and not told.filter(event="account.password_changed", actor=own).exists():
        raise NotPermitted(
            "Whoever made your account knows your password, so nobody signs with it.",
            remedy="Change it first: POST /api/v1/me/password, or the page 'Change password'.",
        )


@sensitive_variables("code")
def _spend_old(before: SigningFactor, code: str) -> None:
    if not code:
        raise SignatureRejected(
            "You have a signing factor already, so a code of it is needed to replace it.",
            remedy="Enter the code that your authenticator shows now; if it is lost, ask a platform admin for a reset.",
        )
    codes.spend(before, code)


def _lock_unchanged(account: User) -> None:
    """The key is wrapped under the password that was checked: it must still be the account's."""
    now = User.objects.select_for_update().get(pk=account.pk)
    if (now.password, now.is_active) != (account.password, account.is_active):
        raise Conflict("Your account has just changed.", remedy="Sign in again, and begin again.")


def _check_waits(factor: SigningFactor) -> None:
    if factor.state != State.PENDING:
        raise Conflict(f"The factor is {factor.get_state_display().lower()} already.", remedy="Enrol a new one.")
    if factor.created_at <= timezone.now() - CONFIRM_WITHIN:
        raise Conflict("The factor waited too long for its first code.", remedy="Enrol a new one.")


def _uri(account: User, secret: str) -> str:
    """What authenticator applications read, from a picture or as text."""
    issuer = quote(settings.LOG_ORIGIN, safe="")
    label = f"{issuer}:{quote(account.username, safe='')}"
    return f"otpauth://totp/{label}?secret={secret}&issuer={issuer}&digits={codes.DIGITS}&period={codes.STEP_SECONDS}"
