"""Erasure of personal data (GDPR Art. 17) and legal holds, with the rules of what is governed here."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.utils import timezone
from knox.models import AuthToken

from audit import log
from audit.actors import Actor
from audit.erasure import holds, redaction
from audit.errors import MustBeKept
from audit.models import Event, Hold, Redaction
from registry import events
from registry.models import CardText, ClauseExemption, Decision, Signature, User
from registry.models.signatures import Signed
from registry.permissions import require
from registry.roles import Action
from registry.services import factors

SIGNED = "GDPR Art. 17(3)(b) and (e)"


def request(
    *,
    ground: str,
    actor: Actor,
    event: UUID | None = None,
    fields: Iterable[str] = (),
    person: str = "",
    reason: str = "",
) -> Redaction:
    """Ask for an erasure: of fields of one event, or of a person with their account; a second person decides.

    What somebody signed is refused, on record, with its ground. Records redaction.requested, redaction.refused.
    Raises NotPermitted, NotErasable, MustBeKept.
    """
    require(actor, Action.ERASE)
    return redaction.request(
        ground=ground, actor=actor, event=event, fields=fields, person=person, reason=reason, also=_keep_what_is_signed
    )


def approve(row: Redaction, *, actor: Actor, reason: str) -> Redaction:
    """Erase as the second person; with a person's values goes, in the same transaction, who their account was.

    Decisions keep their statements and printed names: they are the legal record. Records redaction.executed and
    account.erased, or the refusal. Raises NotPermitted, AlreadyDecided, NeedsAnother, NotErasable, MustBeKept.
    """

    def also(locked: Redaction) -> None:
        require(actor, Action.ERASE)
        _keep_what_is_signed(locked)
        _erase_account(locked, actor)

    return redaction.approve(row, actor=actor, reason=reason, also=also)


def refuse(row: Redaction, *, actor: Actor, reason: str) -> Redaction:
    """Decide that the values stay. Records redaction.refused. Raises NotPermitted, AlreadyDecided, NeedsAnother."""
    require(actor, Action.ERASE)
    return redaction.refuse(row, actor=actor, reason=reason)


def withdraw(row: Redaction, *, actor: Actor, reason: str = "") -> Redaction:
    """Take one's own request back. Records redaction.withdrawn. Raises NotPermitted, AlreadyDecided, NeedsAnother."""
    require(actor, Action.ERASE)
    return redaction.withdraw(row, actor=actor, reason=reason)


def erase_person(account: User, *, ground: str, actor: Actor, reason: str = "") -> Redaction:
    """Ask for the erasure of everything about a person: what the log holds of them, and who their account was."""
    return request(ground=ground, actor=actor, person=f"person:{account.pk}", reason=reason)


def place_hold(*, ground: str, actor: Actor, reason: str = "", **scope: str) -> Hold:
    """Keep what is about a subject, a type of subjects, a person, or everything.

    Records hold.placed. Raises NotPermitted, NotErasable.
    """
    require(actor, Action.HOLD)
    return holds.place(ground=ground, actor=actor, reason=reason, **scope)


def release_hold(hold: Hold, *, actor: Actor, reason: str) -> Hold:
    """End a hold. Records hold.released. Raises NotPermitted, AlreadyDecided."""
    require(actor, Action.HOLD)
    return holds.release(hold, actor=actor, reason=reason)


def _keep_what_is_signed(row: Redaction) -> None:
    """A statement that a person signed says the same, and stays: erasing the log's copy alone would hide, not erase."""
    if row.event is None:
        return
    event = Event.objects.get(id=row.event)
    signatures = list(_signatures_about(event)) if event.subject_type != "log" else []
    for value in redaction.values(row):
        for signed in signatures:
            if _is_signed(signed, value.field, value.value):
                raise MustBeKept(
                    f"{value.field} stands in {signed._meta.verbose_name} {signed.pk}, which a person signed; it is "
                    f"kept as a legal record ({SIGNED}).",
                    remedy="Erase the person instead: their decisions stay, and everything else about them goes.",
                )


def _signatures_about(event: Event) -> Iterator[Signed]:
    """Every signature on the event's record, and the record itself where it is one."""
    identity = UUID(event.subject_id)
    yield from Decision.objects.filter(promotion=identity)
    yield from Signature.objects.filter(subject_type=event.subject_type, subject_id=identity)
    for model in (Signature, CardText, ClauseExemption):
        yield from model.objects.filter(pk=identity)


def _is_signed(row: Signed, field: str, value: Any) -> bool:
    if field.startswith(f"{row._meta.db_table}/{row.pk}."):
        return True
    stated = row.statement
    if not isinstance(value, str):
        return bool(value == stated)
    return value in stated.values() or hashlib.sha256(value.encode()).hexdigest() == stated["reason_digest"]


def _erase_account(row: Redaction, actor: Actor) -> None:
    """Nobody's account from now on. Its last values are sealed under the key that goes in this very transaction."""
    kind, _, identity = row.person.partition(":")
    account = User.objects.select_for_update().filter(pk=identity).first() if kind == User.Kind.PERSON else None
    if account is None:
        return
    account.username = account.full_name = f"erased-{str(account.pk)[-12:]}"
    account.first_name = account.last_name = account.email = account.team = ""
    account.password, account.is_active, account.last_login = make_password(None), False, None
    account.save()
    factors.retire(account, factors.LIVING, cause="erased", actor=actor)
    revoked = list(account.grants.filter(revoked_at=None).order_by("id"))
    for grant in revoked:
        grant.revoked_at = timezone.now()
        grant.save(update_fields=["revoked_at"])
    tokens, _ = AuthToken.objects.filter(user=account).delete()
    event = events.AccountErased(redaction=str(row.pk), roles_revoked=len(revoked), tokens_revoked=tokens)
    log.record(event, subject=account, actor=actor, also=revoked)
