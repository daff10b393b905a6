"""The inventory: systems, model families and slots."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import AlreadyExists, Invalid, Problem, RevisionMismatch
from registry.models import AISystem, RegisteredModel, Slot, User
from registry.permissions import require
from registry.roles import Action


def register(name: str, *, purpose: str, risk_tier: str, owner: User, actor: Actor, legal_basis: str = "") -> AISystem:
    """Enter an AI system into the inventory. Records system.registered. Raises Invalid, AlreadyExists, NotPermitted."""
    require(actor, Action.REGISTER)
    system = AISystem(name=name, purpose=purpose, risk_tier=risk_tier, owner=owner, legal_basis=legal_basis)
    check(system)
    with transaction.atomic(durable=True):
        insert(system)
        log.record(events.SystemRegistered(name=name, risk_tier=risk_tier), subject=system, actor=actor)
    return system


def update(system: AISystem, *, changes: dict[str, Any], revision: int, actor: Actor) -> AISystem:
    """Change purpose, risk tier, legal basis or owner. A risk officer alone changes the tier.

    Records system.updated. Raises RevisionMismatch, Invalid, NotPermitted.
    """
    require(actor, Action.CLASSIFY if "risk_tier" in changes else Action.REGISTER, system)
    with transaction.atomic(durable=True):
        system = AISystem.objects.select_for_update().get(pk=system.pk)
        match_revision(system.revision, revision)
        for field, value in changes.items():
            setattr(system, field, value)
        system.revision += 1
        check(system)
        system.save()
        event = events.SystemUpdated(changed=sorted(changes), revision=system.revision)
        log.record(event, subject=system, actor=actor)
    return system


def register_model(system: AISystem, *, name: str, actor: Actor, description: str = "") -> RegisteredModel:
    """Open a family of model versions. Records model.registered."""
    require(actor, Action.REGISTER, system)
    model = RegisteredModel(system=system, name=name, description=description)
    check(model)
    with transaction.atomic(durable=True):
        insert(model)
        log.record(events.ModelRegistered(name=name, system=str(system.pk)), subject=model, actor=actor)
    return model


def create_slot(system: AISystem, *, name: str, actor: Actor) -> Slot:
    """Open a place to serve from. Records slot.created."""
    require(actor, Action.REGISTER, system)
    slot = Slot(system=system, name=name, key=f"{system.name}.{name}")
    check(slot)
    with transaction.atomic(durable=True):
        insert(slot)
        log.record(events.SlotCreated(key=slot.key), subject=slot, actor=actor)
    return slot


def check(row: models.Model) -> None:
    """Validate a row's fields, naming each one that is wrong. Raises Invalid; uniqueness is the database's to say."""
    try:
        row.clean_fields()
    except ValidationError as error:
        problems = [Problem(f"/{field}", " ".join(messages)) for field, messages in error.message_dict.items()]
        raise Invalid("Some fields cannot be used.", problems=problems) from error


def insert(row: models.Model) -> None:
    """Insert a row, or say that its name is taken. Raises AlreadyExists."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        name = row._meta.verbose_name
        raise AlreadyExists(f"There is already a {name} called {row}.", remedy="Choose another name.") from error


def match_revision(current: int, expected: int) -> None:
    """Raises RevisionMismatch where the record has moved on since the caller read it."""
    if current != expected:
        raise RevisionMismatch(
            f"You read revision {expected}; the record is at {current} now.", remedy="Read it again, then decide again."
        )
