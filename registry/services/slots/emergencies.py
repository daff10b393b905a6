"""Break-glass: a version serves without approval, for 24 hours at most, and a person answers for it afterwards."""

from datetime import timedelta

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.events import timestamp
from registry import artifacts, events, records
from registry.errors import Conflict, Invalid
from registry.models import Emergency, ModelVersion, PeriodicReview, Slot, SlotAssignment, User
from registry.permissions import require, roles
from registry.roles import ROLES_FOR, Action
from registry.services import refusals, signing
from registry.services.approvals import approvals, findings, reviews
from registry.services.rows import match_revision
from registry.services.signing import Credentials, Signer
from registry.services.slots import assigning, ending, objections, warrants
from registry.services.slots.assigning import Cause, Share

LONGEST = timedelta(hours=24)
#: Within this time the same artifact is not let into the same slot by a second break-glass.
APART = timedelta(days=7)


@sensitive_variables("credentials")
def open(slot: Slot, *, version: ModelVersion, reason: str, credentials: Credentials, actor: Actor) -> Emergency:
    """Let a version serve in a slot at once, for 24 hours at most; a running canary is taken out.

    Another person has to review it within 72 hours, and until then the glass is not broken again in this slot; for the
    same artifact not within seven days, whatever the review says.
    Records emergency.opened, review.opened and slot.assigned, or emergency.refused. Raises NotPermitted, DutyConflict,
    SignatureRejected, Invalid, Conflict.
    """
    signer, opened = refusals.proven(actor, credentials), list[Emergency]()

    def lock() -> Slot:
        return Slot.objects.select_for_update(no_key=True).get(pk=slot.pk)

    def work(locked: Slot) -> None:
        # Read again: somebody may have retired it since, which waits for the slot's lock.
        fresh = ModelVersion.objects.select_related("model").get(pk=version.pk)
        role = _role(locked, fresh, actor)
        _check_version(locked, fresh)
        _check_objections(fresh)
        _check_slot(locked, fresh)
        emergency = _sign(locked, fresh, signer(), role, reason, actor)
        _serve(locked, emergency, reason, actor)
        opened.append(emergency)

    refusals.recorded(lock, work, refused=lambda rule: events.EmergencyRefused(rule=rule), actor=actor)
    return opened[0]


def end(emergency: Emergency, *, reason: str, revision: int, actor: Actor) -> SlotAssignment:
    """End a break-glass before its time: the last champion whose approval holds serves again, or nothing.

    Records emergency.ended and slot.assigned, or emergency.refused. Raises NotPermitted, Conflict, RevisionMismatch.
    """
    made: list[SlotAssignment] = []

    def lock() -> Slot:
        return Slot.objects.select_for_update(no_key=True).get(pk=emergency.slot_id)

    def work(locked: Slot) -> None:
        require(actor, Action.BREAK_GLASS, locked.system)
        row = Emergency.objects.select_for_update().get(pk=emergency.pk)
        match_revision(row.revision, revision)
        if row.state != Emergency.State.ACTIVE:
            raise Conflict("The break-glass is over already.")
        ending.close_emergency(row, cause="a person ended it", actor=actor, reason=reason)
        share = Share(champion=assigning.displaced(locked))
        made.append(assigning.assign(locked, share, cause=Cause.EMERGENCY_ENDED, actor=actor, reason=reason))

    refusals.recorded(lock, work, refused=lambda rule: events.EmergencyRefused(rule=rule), actor=actor)
    return made[0]


def _role(slot: Slot, version: ModelVersion, actor: Actor) -> str:
    """The role in which the person breaks the glass: somebody who had no part in the version."""
    account = require(actor, Action.BREAK_GLASS, slot.system)
    role = sorted(roles(account, slot.system) & ROLES_FOR[Action.BREAK_GLASS])[0]
    asked = [approvals.duty_record(promotion, []) for promotion in version.promotions.all()]
    for record in (reviews.made(version), *asked):
        reviews.check_apart(account, role, record)
    return role


def _check_version(slot: Slot, version: ModelVersion) -> None:
    """Raises Invalid, Conflict where the version is not one that may ever serve here."""
    if version.model.system_id != slot.system_id:
        raise Invalid("The version belongs to another system than the slot.", remedy="Name a slot of its own system.")
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        raise Conflict(f"{version} is {version.lifecycle}.", remedy="Name a version that is registered.")
    try:
        artifacts.read(version.artifact_digest)
    except (artifacts.ArtifactCorrupt, FileNotFoundError) as error:
        raise Conflict(f"The artifact of {version} is not what was registered.", remedy="Name another one.") from error


def _check_objections(version: ModelVersion) -> None:
    """Raises Conflict where somebody has said no to these bytes, or found wrong what is not settled."""
    refused = objections.newest(version)
    if refused:
        raise Conflict(refused, remedy="Name another version.")
    wrong = findings.unsettled(version)
    if wrong:
        raise Conflict(wrong, remedy="Name another version, or have them mended and retested.")


def _check_slot(slot: Slot, version: ModelVersion) -> None:
    """Raises Conflict while the version serves as it is, a former break-glass is not reviewed, or one was for it."""
    holder = assigning.champion(slot)
    if holder is not None and holder.artifact_digest == version.artifact_digest:
        raise Conflict(f"{version} serves here by an approval.", remedy="There is nothing to break the glass for.")
    unanswered = PeriodicReview.objects.filter(emergency__slot=slot).exclude(state=PeriodicReview.State.COMPLETED)
    if unanswered.exists() or slot.emergencies.filter(state=Emergency.State.ACTIVE).exists():
        raise Conflict(
            "The last break-glass of this slot has not been reviewed.", remedy="Have another person review it first."
        )
    since = timezone.now() - APART
    if slot.emergencies.filter(artifact_digest=version.artifact_digest, opened_at__gt=since).exists():
        raise Conflict(
            f"{version} served here by a break-glass within the last {APART.days} days.",
            remedy="Submit a promotion request for it.",
        )


def _sign(slot: Slot, version: ModelVersion, signer: Signer, role: str, reason: str, actor: Actor) -> Emergency:
    account: User = signing.person(actor)
    now = timezone.now()
    emergency = Emergency(
        slot=slot,
        model_version=version,
        artifact_digest=version.artifact_digest,
        reason=reason,
        opened_by=account,
        opened_at=now,
        ends_at=now + LONGEST,
    )
    emergency.record_digest = records.digest(records.emergency(emergency))
    signature = signing.keep(signing.signature(signer, warrants.stated(emergency, role=role)), actor=actor)
    emergency.save(force_insert=True)
    event = events.EmergencyOpened(
        slot=slot.key,
        model_version=str(version.pk),
        artifact=emergency.artifact_digest,
        ends_at=timestamp(emergency.ends_at),
        record=emergency.record_digest,
        signature=signature,
    )
    log.record(event, subject=emergency, actor=actor, reason=reason)
    return emergency


def _serve(slot: Slot, emergency: Emergency, reason: str, actor: Actor) -> None:
    now = assigning.current(slot)
    if now is not None and now.canary_promotion is not None:
        ending.take_out(now.canary_promotion, slot, actor=actor, reason=reason)
    reviews.open_emergency(emergency, actor=actor)
    assigning.assign(slot, Share(champion=emergency), cause=Cause.EMERGENCY, actor=actor, reason=reason)
