"""The sections of model cards and datasheets that only a person can write: signed, kept, and the newest counts."""

from collections.abc import Iterable

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.documents import parts, sections
from registry.errors import Invalid, Problem, RegistryError
from registry.models import AISystem, CardText, DatasetVersion, ModelVersion
from registry.permissions import require, roles
from registry.roles import ROLES_FOR, Action, Role
from registry.services import signing
from registry.services.documents.sources import Sources
from registry.services.signing import Credentials, Signer, Stated

MEANING = "authorship"
LONGEST = 20_000
Described = ModelVersion | DatasetVersion


def write(
    subject: Described, *, section: str, text: str, reason: str, credentials: Credentials, actor: Actor
) -> CardText:
    """Write a section and sign it as its author; what stood there before stays on record.

    Records card_text.written, or card_text.refused where the person could not be believed. Raises NotPermitted,
    SignatureRejected, Invalid.
    """
    require(actor, Action.DESCRIBE, system_of(subject))
    _check(subject, section, text)
    signer = _proven(subject, section, credentials, actor)
    with transaction.atomic(durable=True):
        type(subject)._default_manager.select_for_update(no_key=True).get(pk=subject.pk)
        signing.person(actor)
        account = require(actor, Action.DESCRIBE, system_of(subject))
        row = CardText(subject_type=about(subject), subject_id=subject.pk, section=section, text=text.strip())
        row.role, row.reason = _role(roles(account, system_of(subject))), reason
        for name, value in signing.columns(signer, _stated(row)).items():
            setattr(row, name, value)
        row.save(force_insert=True)
        event = events.CardTextWritten(
            about=row.subject_type, about_id=str(row.subject_id), section=section, record=row.signed_digest
        )
        log.record(event, subject=row, actor=actor, reason=reason)
    return row


def about(subject: Described) -> str:
    """What the texts of such a subject are filed under."""
    is_model = isinstance(subject, ModelVersion)
    return CardText.Subject.MODEL_VERSION if is_model else CardText.Subject.DATASET_VERSION


def system_of(subject: Described) -> AISystem:
    """The system that the subject belongs to."""
    return subject.model.system if isinstance(subject, ModelVersion) else subject.dataset.system


def newest(subject: Described) -> dict[str, CardText]:
    """The text that counts, by section."""
    rows = CardText.objects.filter(subject_type=about(subject), subject_id=subject.pk).order_by("id")
    return {row.section: row for row in rows}


def written(subject: Described, sources: Sources) -> Iterable[parts.Part]:
    """Every section that only a person can write, in the page's order: its text, or that there is none yet."""
    texts = newest(subject)
    for section in sections.WRITTEN[about(subject)]:
        row = texts.get(section.name)
        yield parts.section(
            section.name,
            section.title,
            clauses=section.clauses,
            text=_shown(row, sources) if row else None,
            gap="" if row else f"Not yet written. {section.asks}",
        )


def is_genuine(row: CardText) -> bool:
    """Whether the text is what its author signed, about this subject."""
    return signing.genuine(row, stated=_stated(row))


def _shown(row: CardText, sources: Sources) -> parts.Part:
    return {
        "text": row.text,
        "printed_name": row.printed_name,
        "role": Role(row.role).label,
        "signed_at": parts.plain(row.signed_at),
        "meaning": row.meaning,
        "verifies": is_genuine(row),
        "record": sources.cite(row),
    }


def _stated(row: CardText) -> Stated:
    return Stated(
        kind="card_text",
        subject=row.subject_type,
        identity=row.subject_id,
        record_digest=records.digest(records.card_text(row)),
        verdict="written",
        role=row.role,
        meaning=MEANING,
        reason=row.reason,
    )


def _check(subject: Described, section: str, text: str) -> None:
    known = sections.names(about(subject))
    problems = []
    if section not in known:
        problems.append(Problem("/section", "is no section of this document", f"Name one of: {', '.join(known)}."))
    if not text.strip() or len(text) > LONGEST:
        problems.append(Problem("/text", f"must have between 1 and {LONGEST:,} characters"))
    if problems:
        raise Invalid("Some fields cannot be used.", problems=problems)


def _proven(subject: Described, section: str, credentials: Credentials, actor: Actor) -> Signer:
    """Who signs; that somebody could not be believed is on record before it is said."""
    try:
        return signing.prove(actor, credentials)
    except RegistryError as refusal:
        with transaction.atomic(durable=True):
            locked = type(subject)._default_manager.select_for_update(no_key=True).get(pk=subject.pk)
            event = events.CardTextRefused(section=section, rule=type(refusal).__name__)
            log.record(event, subject=locked, actor=actor, sealed={"detail": refusal.detail})
        raise


def _role(held: frozenset[Role]) -> Role:
    """In which role somebody writes who may: as the owner, where they are."""
    return next(role for role in (Role.OWNER, Role.ENGINEER) if role in held & ROLES_FOR[Action.DESCRIBE])
