"""Exports: what leaves the house in a standard form, and the record that it left."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events
from registry.models import AISystem, DatasetVersion, ModelVersion, PromotionRequest
from registry.permissions import require
from registry.roles import Action
from registry.services.documents import bom, croissant, envelopes, oms, statements

Subject = ModelVersion | DatasetVersion | PromotionRequest


@dataclass(frozen=True, slots=True)
class Form:
    """One standard: its name in the log, what makes the document, its media type and the name of the file."""

    name: str
    make: Callable[[Any], dict[str, Any]]
    media_type: str
    file_name: str


BOM = Form("cyclonedx", bom.document, bom.MEDIA_TYPE, "bom.cdx.json")
CROISSANT = Form("croissant", croissant.document, croissant.MEDIA_TYPE, "croissant.json")
SIGNATURE = Form("oms", oms.bundle, oms.MEDIA_TYPE, "model.sig")
PROVENANCE = Form(
    "provenance",
    lambda version: envelopes.sealed(statements.provenance(version)),
    envelopes.MEDIA_TYPE,
    "provenance.dsse.json",
)
DECISION = Form(
    "decision",
    lambda promotion: envelopes.sealed(statements.decision(promotion)),
    envelopes.MEDIA_TYPE,
    "decision.dsse.json",
)


def export(subject: Subject, form: Form, *, actor: Actor) -> bytes:
    """The document as JSON; that it left, and its digest, is an event about the subject.

    Records document.exported. Raises NotPermitted, and Conflict where the form has nothing to say yet.
    """
    require(actor, Action.EXPORT, _system(subject))
    data = json.dumps(form.make(subject), indent=2, ensure_ascii=False).encode()
    _record(subject, form.name, data, actor)
    return data


def model_file(version: ModelVersion, *, actor: Actor) -> bytes:
    """The model itself, as it was registered; that it left is an event too.

    Records document.exported. Raises NotPermitted, and Conflict where the file is gone or changed.
    """
    require(actor, Action.EXPORT, _system(version))
    data = oms.file_of(version)
    _record(version, version.format, data, actor)
    return data


def _record(subject: Subject, form: str, data: bytes, actor: Actor) -> None:
    with transaction.atomic(durable=True):
        locked = type(subject)._default_manager.select_for_update(no_key=True).get(pk=subject.pk)
        event = events.DocumentExported(form=form, digest=hashlib.sha256(data).hexdigest())
        log.record(event, subject=locked, actor=actor)


def _system(subject: Subject) -> AISystem:
    match subject:
        case ModelVersion():
            return subject.model.system
        case DatasetVersion():
            return subject.dataset.system
    return subject.slot.system
