"""The inventory: systems, model families and slots."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import actors, events
from registry.errors import DutyConflict
from registry.gates.materiality import materiality
from registry.models import AISystem, RegisteredModel, Slot, User
from registry.permissions import require
from registry.roles import Action
from registry.services import rows
from registry.services.approvals import staleness

#: What a risk officer alone changes: how much is at stake, and which clauses are asked for.
CLASSIFIED = frozenset({"risk_tier", "position", "exposure", "reliance", "personal_data", "regimes"})


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is at stake with a system beside its tier; exposure and reliance give its materiality."""

    position: str = AISystem.Position.BOTH
    exposure: str = AISystem.Exposure.MEDIUM
    reliance: str = AISystem.Reliance.ADVISES
    personal_data: bool = True
    regimes: Sequence[str] = ()


def register(
    name: str,
    *,
    purpose: str,
    risk_tier: str,
    owner: User,
    actor: Actor,
    legal_basis: str = "",
    stakes: Stakes = Stakes(),
) -> AISystem:
    """Enter an AI system into the inventory.

    The tier is what the registrar believes: until a risk officer has confirmed it the system counts as high risk.
    Records system.registered. Raises Invalid, AlreadyExists, NotPermitted.
    """
    registrar = require(actor, Action.REGISTER)
    stated = {"purpose": purpose, "risk_tier": risk_tier, "legal_basis": legal_basis, **asdict(stakes)}
    system = AISystem(name=name, owner=owner, registered_by=registrar, **stated)
    _tidy(system)
    rows.check(system)
    with transaction.atomic(durable=True):
        rows.insert(system)
        event = events.SystemRegistered(
            name=name, risk_tier=risk_tier, materiality=materiality_of(system), regimes=system.regimes
        )
        log.record(event, subject=system, actor=actor)
    return system


def update(system: AISystem, *, changes: dict[str, Any], revision: int, actor: Actor) -> AISystem:
    """Change what stands in the inventory. A risk officer alone changes the tier and the stakes, and nothing else.

    Naming the tier, be it the same, confirms it: it counts from then on. Who registered the system does neither.
    What policies were judged on has moved then: open requests go stale, approvals are to be reviewed.
    Records system.updated and, for tier and stakes, system.classified. Raises RevisionMismatch, Invalid, NotPermitted,
    DutyConflict.
    """

    if CLASSIFIED & changes.keys():
        _require_classifier(actor, system)
    if not changes.keys() <= CLASSIFIED:
        require(actor, Action.REGISTER, system)
    with transaction.atomic(durable=True):
        # The weaker lock: who holds a slot may write a row that refers to the system.
        system = AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
        rows.match_revision(system.revision, revision)
        for field, value in changes.items():
            setattr(system, field, value)
        if "risk_tier" in changes:
            system.classified_by, system.classified_at = actors.account(actor), timezone.now()
        system.revision += 1
        _tidy(system)
        rows.check(system)
        system.save()
        event = events.SystemUpdated(changed=sorted(changes), revision=system.revision)
        log.record(event, subject=system, actor=actor)
        if CLASSIFIED & changes.keys():
            log.record(_classified(system), subject=system, actor=actor)
            staleness.mark_system(system, cause="the system was classified anew", actor=actor)
    return system


def materiality_of(system: AISystem) -> str:
    """Computed, never stored: from exposure and reliance."""
    return materiality(system.exposure, system.reliance)


def with_materiality(wanted: str) -> models.Q:
    """The systems of that materiality."""
    pairs = [(exposure, reliance) for exposure in AISystem.Exposure for reliance in AISystem.Reliance]
    fitting = [pair for pair in pairs if materiality(*pair) == wanted]
    return models.Q(
        *(models.Q(exposure=exposure, reliance=reliance) for exposure, reliance in fitting), _connector="OR"
    )


def _require_classifier(actor: Actor, system: AISystem) -> None:
    officer = require(actor, Action.CLASSIFY, system)
    if officer.pk == system.registered_by_id:
        raise DutyConflict(
            "You registered the system; another person says what is at stake.", remedy="Ask another risk officer."
        )


def _tidy(system: AISystem) -> None:
    system.regimes = sorted(set(system.regimes))


def _classified(system: AISystem) -> events.SystemClassified:
    return events.SystemClassified(
        risk_tier=system.risk_tier,
        position=system.position,
        exposure=system.exposure,
        reliance=system.reliance,
        materiality=materiality_of(system),
        personal_data=system.personal_data,
        regimes=system.regimes,
    )


def register_model(system: AISystem, *, name: str, actor: Actor, description: str = "") -> RegisteredModel:
    """Open a family of model versions. Records model.registered."""
    require(actor, Action.REGISTER, system)
    model = RegisteredModel(system=system, name=name, description=description)
    rows.check(model)
    with transaction.atomic(durable=True):
        rows.insert(model)
        log.record(events.ModelRegistered(name=name, system=str(system.pk)), subject=model, actor=actor)
    return model


def create_slot(system: AISystem, *, name: str, actor: Actor) -> Slot:
    """Open a place to serve from. Records slot.created."""
    require(actor, Action.REGISTER, system)
    slot = Slot(system=system, name=name, key=f"{system.name}.{name}")
    rows.check(slot)
    with transaction.atomic(durable=True):
        rows.insert(slot)
        log.record(events.SlotCreated(key=slot.key), subject=slot, actor=actor)
    return slot
