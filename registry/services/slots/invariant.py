"""Every night and on demand: does everything that serves hold what it takes? A breach is stopped and is an incident."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import artifacts, events
from registry.models import AISystem, Incident, Slot, SlotAssignment
from registry.services import sweeping
from registry.services.slots import assigning, consequences, incidents, warrants

SOURCE = "slot check"


def check(*, actor: Actor) -> sweeping.Swept:
    """Recompute for every slot what lets it serve: states, times, digests, signatures, and the artifact's own bytes.

    `done` counts the slots in breach; each is stopped, or falls back as its policy says, and is an incident while it is
    open. Records slot.invariant_breached, incident.reported, slot.assigned.
    """
    return sweeping.each(Slot.objects.all(), lambda pk: _check(pk, actor))


def breaches(row: SlotAssignment) -> dict[str, str]:
    """What is wrong with what a slot serves, by arm: beside its warrants, the bytes that are loaded."""
    return {**dict(_corrupt(row)), **warrants.problems(row)}


def _check(pk: UUID, actor: Actor) -> bool:
    """Look without a lock, which reading an artifact would hold too long, and again inside it before acting."""
    slot = Slot.objects.get(pk=pk)
    seen = assigning.current(slot)
    if seen is None or not breaches(seen):
        return False
    with transaction.atomic(durable=True):
        slot = Slot.objects.select_for_update(no_key=True).get(pk=pk)
        now = assigning.current(slot)
        findings = breaches(now) if now else {}
        if now is None or not findings:
            return False
        for arm, finding in findings.items():
            event = events.InvariantBreached(revision=now.revision, arm=arm, finding=finding)
            log.record(event, subject=slot, actor=actor)
        incidents.found(slot, _finding(slot, findings), actor=actor)
        consequences.withdraw(slot, now, findings, actor=actor)
    return True


def _finding(slot: Slot, findings: dict[str, str]) -> incidents.Finding:
    high = slot.system.tier_in_force == AISystem.RiskTier.HIGH
    return incidents.Finding(
        source=SOURCE,
        title=f"{slot} served without a valid approval"[:200],
        detail=" ".join(f"{arm.capitalize()}: {finding}" for arm, finding in findings.items()),
        severity=Incident.Severity.SERIOUS if high else Incident.Severity.MAJOR,
    )


def _corrupt(row: SlotAssignment) -> Iterator[tuple[str, str]]:
    for arm in warrants.ARMS:
        version = getattr(row, arm)
        if version is None:
            continue
        try:
            artifacts.read(version.artifact_digest)
        except artifacts.ArtifactCorrupt:
            yield arm, "The stored artifact is not the one that was registered."
        except FileNotFoundError:
            yield arm, "The stored artifact is missing."
