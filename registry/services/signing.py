"""Signing: a person proves to be themselves at this very signing, and two keys seal what they state."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.events import Json, timestamp
from registry import actors, events, records, signatures
from registry.models import Signature, User
from registry.models.signatures import Signed
from registry.services import factors
from registry.services.factors import person as person

_MEMBERS = 11  # of a statement, without what a kind of record adds


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What a person enters at each signing: the password, and the code that the authenticator shows."""

    password: str
    code: str


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A person who has just proved to be themselves, with their own key, for one signature."""

    account: User
    key: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person states: about which record, by its digest, with which verdict, role, meaning and reason.

    kind: decision, waiver, policy, review, ...; subject: what the record is, such as promotion; more: what else is
    bound, such as conditions or for whom one stands in.
    """

    kind: str
    subject: str
    identity: UUID | str
    record_digest: str
    verdict: str
    role: str
    meaning: str
    reason: str
    more: Mapping[str, Json] = field(default_factory=dict)


@sensitive_variables("credentials")
def prove(actor: Actor, credentials: Credentials) -> Signer:
    """Check password and code, before any lock is taken: it is slow on purpose, and the code is spent.

    Raises NotPermitted for who never signs, SignatureRejected.
    """
    account = person(actor)
    factors.check_password(account, credentials.password)
    key = factors.opened(account, password=credentials.password, code=credentials.code)
    return Signer(account=account, key=key)


def columns(signer: Signer, stated: Stated) -> dict[str, Any]:
    """The values of every column of a `Signed` row: statement, printed name, time, and both signatures.

    In the transaction that saves the row: the signer's account is locked, and signs only while account and key stand.
    Raises NotPermitted, SignatureRejected.
    """
    account, now = _still(signer), timezone.now()
    statement = _statement(stated, signer_id=account.pk, name=account.get_full_name(), at=now)
    made = signatures.sign(statement, signer.key)
    return {
        "role": stated.role,
        "meaning": stated.meaning,
        "reason": stated.reason,
        "signer": account,
        "printed_name": account.get_full_name(),
        "signed_at": now,
        "signed_digest": stated.record_digest,
        "statement": statement,
        "public_key": made.public_key,
        "signature": made.signature,
        "personal_key": made.personal_key,
        "personal_signature": made.personal_signature,
    }


def signature(signer: Signer, stated: Stated) -> Signature:
    """A signature on a record that is no promotion request, not saved yet."""
    return Signature(subject_type=stated.subject, subject_id=stated.identity, **columns(signer, stated))


def keep(row: Signature, *, actor: Actor) -> str:
    """Store a signature in the caller's transaction, before the event of the record it is on; its digest.

    Records signature.made.
    """
    row.save(force_insert=True)
    digest = records.digest(records.signature(row))
    event = events.SignatureMade(
        kind=row.statement["statement"],
        subject_type=row.subject_type,
        subject=str(row.subject_id),
        record=row.signed_digest,
        verdict=row.statement["verdict"],
        role=row.role,
        meaning=row.meaning,
        signature=digest,
    )
    log.record(event, subject=row, actor=actor, reason=row.reason)
    return digest


def genuine(row: Signed, *, stated: Stated) -> bool:
    """Whether what people read in the row's columns is what was signed, by both keys, the second its signer's own.

    The caller says what the signature must be about; role, meaning and reason are the row's.
    """
    shown = _statement(stated, signer_id=row.signer_id, name=row.printed_name, at=row.signed_at)
    made = signatures.Signature(row.public_key, row.signature, row.personal_key, row.personal_signature)
    return (
        row.signed_digest == stated.record_digest
        and (row.role, row.meaning, row.reason) == (stated.role, stated.meaning, stated.reason)
        and shown == row.statement
        and signatures.verify(row.statement, made)
        and factors.belongs(row.signer_id, row.personal_key, row.signed_at)
    )


def _still(signer: Signer) -> User:
    """The signer as the database has them now, locked: whoever closes the account or retires the key waits for us.

    The weaker lock: a row that refers to the account may be written by another transaction at the same time.
    """
    User.objects.select_for_update(no_key=True).get(pk=signer.account.pk)
    account = person(actors.of(signer.account))
    factors.require_usable(account, signatures.public_hex(signer.key))
    return account


def _statement(stated: Stated, *, signer_id: Any, name: str, at: Any) -> dict[str, Json]:
    """What is signed (21 CFR 11.50: printed name, time, meaning), unusable on any other record.

    Raises ValueError where something else would be said twice: a member must not hide another.
    """
    own: dict[str, Json] = {
        "statement": stated.kind,
        stated.subject: str(stated.identity),
        "record_digest": stated.record_digest,
        "verdict": stated.verdict,
        "role": stated.role,
        "meaning": stated.meaning,
        "reason_digest": hashlib.sha256(stated.reason.encode()).hexdigest(),
        "signer": f"person:{signer_id}",
        "printed_name": name,
        "signed_at": timestamp(at),
        "factors": ["password", "one-time code"],
    }
    if stated.more.keys() & own.keys() or len(own) != _MEMBERS:
        raise ValueError(f"A statement about a {stated.subject} already says some of {sorted(stated.more)}.")
    return {**own, **stated.more}
