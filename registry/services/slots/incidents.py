"""Incidents: what should not have happened, with a clock to the authority's deadline, seen through to its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import timestamp
from registry import events
from registry.errors import AlreadyExists, Conflict, Invalid
from registry.models import AISystem, Incident, Slot
from registry.permissions import require
from registry.roles import Action
from registry.services import rows

State, Severity = Incident.State, Incident.Severity
#: Forward only, one step at a time.
STEPS = (State.REPORTED, State.CONTAINED, State.ANALYSED, State.CORRECTED, State.CLOSED)
#: Days until a serious incident must be with the authority (EU AI Act Art. 73), by what it led to.
DEADLINE_DAYS = {"other": 15, "death": 10, "widespread": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What happened, in words; `led_to` sets the authority's deadline of a serious incident."""

    source: str
    title: str
    detail: str
    severity: str
    led_to: str = "other"
    detected_at: datetime | None = None


def report(
    system: AISystem,
    *,
    title: str,
    detail: str,
    severity: str,
    actor: Actor,
    slot: Slot | None = None,
    led_to: str = "other",
    detected_at: datetime | None = None,
) -> Incident:
    """Report an incident; who reports it owns it. A serious one has a deadline at the authority from its detection on.

    Records incident.reported. Raises NotPermitted, Invalid, AlreadyExists for one that is open already.
    """
    account = require(actor, Action.HANDLE_INCIDENT, system)
    if slot is not None and slot.system_id != system.pk:
        raise Invalid("The slot belongs to another system.", remedy="Name a slot of the system, or none.")
    finding = Finding("person", title, detail, severity, led_to, detected_at)
    incident = _incident(system, slot, finding)
    incident.owner = account
    rows.check(incident)
    with transaction.atomic(durable=True):
        if slot is not None:
            Slot.objects.select_for_update(no_key=True).get(pk=slot.pk)
        if _open(slot, finding) is not None:
            raise AlreadyExists("This incident is open already.", remedy="Add to that one, or name it otherwise.")
        _insert(incident, actor)
    return incident


def found(slot: Slot, finding: Finding, *, actor: Actor) -> Incident:
    """An incident that a check of the server found, once while it is open; the slot is locked by the caller.

    Records incident.reported where it is new.
    """
    known = _open(slot, finding)
    if known is not None:
        return known
    incident = _incident(slot.system, slot, finding)
    _insert(incident, actor)
    return incident


def move(incident: Incident, *, to: str, reason: str, revision: int, actor: Actor) -> Incident:
    """Take an incident its next step: contained, analysed, corrected, closed; who takes an unowned one owns it.

    Records incident.moved with the reason. Raises NotPermitted, Invalid, Conflict, RevisionMismatch.
    """
    account = require(actor, Action.HANDLE_INCIDENT, incident.system)
    if to not in STEPS:
        raise Invalid(f"An incident cannot be {to!r}.", remedy=f"Name one of {', '.join(STEPS[1:])}.")
    with transaction.atomic(durable=True):
        incident = Incident.objects.select_for_update().get(pk=incident.pk)
        rows.match_revision(incident.revision, revision)
        _check_next(incident, to)
        incident.state, incident.revision = to, incident.revision + 1
        incident.owner = incident.owner or account
        incident.closed_at = timezone.now() if to == State.CLOSED else None
        incident.save()
        log.record(events.IncidentMoved(state=to), subject=incident, actor=actor, reason=reason)
    return incident


def _check_next(incident: Incident, to: str) -> None:
    place = STEPS.index(State(incident.state))
    following = STEPS[place + 1] if place + 1 < len(STEPS) else None
    if to != following:
        remedy = f"Its next step is: {following}." if following else "Report another one."
        raise Conflict(f"The incident is {incident.get_state_display()} and cannot be {to} now.", remedy=remedy)


def _incident(system: AISystem, slot: Slot | None, finding: Finding) -> Incident:
    now = timezone.now()
    detected = finding.detected_at or now
    if detected > now:
        raise Invalid("Nothing is detected in the future.", remedy="Say when it was noticed.")
    if finding.led_to not in DEADLINE_DAYS:
        raise Invalid(f"What it led to is one of {', '.join(DEADLINE_DAYS)}.", remedy="Choose one.")
    serious = finding.severity == Severity.SERIOUS
    return Incident(
        system=system,
        slot=slot,
        source=finding.source,
        severity=finding.severity,
        title=finding.title,
        detail=finding.detail,
        detected_at=detected,
        authority_deadline=detected + timedelta(days=DEADLINE_DAYS[finding.led_to]) if serious else None,
    )


def _open(slot: Slot | None, finding: Finding) -> Incident | None:
    same = Incident.objects.filter(slot=slot, source=finding.source, title=finding.title)
    return same.exclude(state=State.CLOSED).first() if slot is not None else None


def _insert(incident: Incident, actor: Actor) -> None:
    incident.save(force_insert=True)
    deadline = incident.authority_deadline
    event = events.IncidentReported(
        system=str(incident.system_id),
        slot=incident.slot.key if incident.slot else None,
        severity=incident.severity,
        source=incident.source,
        authority_deadline=timestamp(deadline) if deadline else None,
    )
    log.record(event, subject=incident, actor=actor)
