"""Waivers: one gate of a blocked request set aside for a while, against a compensating control, by two people."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import actors as system_actors
from audit import log
from audit.actors import Actor
from registry import actors, events, records
from registry.errors import AlreadyExists, Conflict, DutyConflict, NotPermitted
from registry.gates import duties as rules
from registry.gates.policy import Gate
from registry.models import PromotionRequest, Signature, User, Waiver
from registry.permissions import require, roles
from registry.roles import SIGNING, Action
from registry.services import refusals, signing, sweeping
from registry.services.approvals import approvals, dual_control, standing
from registry.services.decisions import promotions, waivability
from registry.services.duties import duties
from registry.services.rows import match_revision
from registry.services.signing import Credentials, Signer
from registry.services.sweeping import Swept

State = Waiver.State
OPEN = (State.REQUESTED, State.COUNTERSIGN)
FIRST, SECOND, REVOCATION = "waiver", "waiver_countersignature", "waiver_revocation"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a waiver is asked on: why the gate may be set aside, what is done instead, and until when."""

    rationale: str
    compensating_control: str
    expires_at: datetime


def request(promotion: PromotionRequest, *, gate: str, asked: Asked, actor: Actor) -> Waiver:
    """Ask to set aside one gate that blocks a request, where the policy lets it be waived.

    Records waiver.requested. Raises NotPermitted, Conflict, Invalid, AlreadyExists.
    """
    account = require(actor, Action.SUBMIT, promotion.slot.system)
    with transaction.atomic(durable=True):
        promotion = _locked_promotion(promotion.pk)
        row = Waiver(
            promotion=promotion,
            gate=gate,
            artifact_digest=promotion.artifact_digest,
            policy_digest=promotion.policy_digest,
            rationale=asked.rationale.strip(),
            compensating_control=asked.compensating_control.strip(),
            requested_by=account,
            expires_at=asked.expires_at,
        )
        waivability.check(row, waivability.blocked_by(row))
        row.record_digest = records.digest(records.waiver(row))
        _insert(row)
        log.record(_requested(row), subject=row, actor=actor)
    return row


def sign(waiver: Waiver, *, reason: str, credentials: Credentials, revision: int, actor: Actor) -> Waiver:
    """Grant a waiver: first as one whom the policy names, then as a second person who signs for the system.

    With the second signature it is active, and the request's gates answer again. Neither may have a part in the version
    or have asked for the waiver. Records signature.made and waiver.signed, or waiver.signature_refused.
    Raises NotPermitted, SignatureRejected, DutyConflict, Conflict, Stale, Invalid, RevisionMismatch.
    """
    signer = refusals.proven(actor, credentials)

    def work(row: Waiver) -> None:
        require(actor, Action.DECIDE, row.promotion.slot.system)
        account = signer().account
        _must_be_open(row, revision)
        gate = waivability.blocked_by(row)
        waivability.check(row, gate)
        role = _role(row, gate, account)
        _grant(row, signer(), role=role, reason=reason, actor=actor)

    signed = _step(waiver, work, actor=actor)
    if signed.state == State.ACTIVE:
        _rerun(signed.promotion, actor)
    return signed


def refuse(waiver: Waiver, *, reason: str, revision: int, actor: Actor) -> Waiver:
    """End a request for a waiver that is not granted: as one who could sign it, or as who asked.

    Records waiver.refused, or waiver.signature_refused. Raises NotPermitted, Conflict, RevisionMismatch.
    """

    def work(row: Waiver) -> None:
        if actors.account(actor).pk != row.requested_by_id:
            require(actor, Action.DECIDE, row.promotion.slot.system)
        _must_be_open(row, revision)
        _end(row, State.REFUSED)
        log.record(events.WaiverRefused(), subject=row, actor=actor, reason=reason)

    return _step(waiver, work, actor=actor)


def revoke(waiver: Waiver, *, reason: str, credentials: Credentials, revision: int, actor: Actor) -> Waiver:
    """Take an active waiver back, signed by one person who may sign for the system.

    What was approved with it is suspended in the same transaction; a request in review is blocked again.
    Records signature.made and waiver.revoked (and approval.suspended), or waiver.signature_refused.
    Raises NotPermitted, SignatureRejected, Conflict, RevisionMismatch.
    """
    signer = refusals.proven(actor, credentials)

    def work(row: Waiver) -> None:
        require(actor, Action.DECIDE, row.promotion.slot.system)
        account = signer().account
        match_revision(row.revision, revision)
        if row.state != State.ACTIVE:
            raise Conflict(f"The waiver is {row.get_state_display()}; only an active one is revoked.")
        role = _held(account, row)
        stated = dual_control.stated(row, verdict=dual_control.REVOKE, role=role, meaning=REVOCATION, reason=reason)
        digest = signing.keep(signing.signature(signer(), stated), actor=actor)
        _end(row, State.REVOKED)
        event = events.WaiverRevoked(role=role, record=row.record_digest, signature=digest)
        log.record(event, subject=row, actor=actor, reason=reason)
        _consequences(row, "was revoked", actor=actor)

    revoked = _step(waiver, work, actor=actor)
    _rerun_if_open(revoked, actor)
    return revoked


def expire_due(*, actor: Actor) -> Swept:
    """End the waivers whose time is over, granted or not; what was approved with one is suspended with it.

    Records waiver.expired (and approval.suspended).
    """

    def work(pk: UUID) -> bool:
        with transaction.atomic(durable=True):
            row = _due().filter(pk=pk).first()
            if row is None:
                return False
            row = _locked(row)
            if row.state not in (*OPEN, State.ACTIVE):
                return False
            event = events.WaiverExpired(was=row.state)
            _end(row, State.EXPIRED)
            log.record(event, subject=row, actor=actor)
            _consequences(row, "has expired", actor=actor)
        _rerun_if_open(row, actor)
        return True

    return sweeping.each(_due(), work)


def used(waiver: Waiver) -> bool:
    """Whether the gates of the request's current round rest on the waiver."""
    promotion = waiver.promotion
    return promotion.gates.filter(round=promotion.round, waiver=waiver).exists()


def _step(waiver: Waiver, work: refusals.Work[Waiver], *, actor: Actor) -> Waiver:
    return refusals.recorded(lambda: _locked(waiver), work, refused=_refused, actor=actor)


def _refused(rule: str) -> events.WaiverSignatureRefused:
    return events.WaiverSignatureRefused(rule=rule)


def _locked(waiver: Waiver) -> Waiver:
    """The waiver under its request's lock, so that round, policy and approval stand still."""
    promotion = _locked_promotion(waiver.promotion_id)
    row = Waiver.objects.select_for_update(of=("self",)).get(pk=waiver.pk)
    row.promotion = promotion
    return row


def _locked_promotion(pk: UUID) -> PromotionRequest:
    rows = PromotionRequest.objects.select_related("slot__system", "policy", "model_version__dataset_version")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def _insert(waiver: Waiver) -> None:
    try:
        with transaction.atomic():
            waiver.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyExists(
            f"There is an open waiver of {waiver.gate} for this request already.",
            remedy="Have that one signed, refused or revoked first.",
        ) from error


def _requested(waiver: Waiver) -> events.WaiverRequested:
    return events.WaiverRequested(
        promotion=str(waiver.promotion_id),
        gate=waiver.gate,
        artifact=waiver.artifact_digest,
        policy=waiver.policy_digest,
        expires_at=waiver.expires_at,
        record=waiver.record_digest,
    )


def _must_be_open(waiver: Waiver, revision: int) -> None:
    match_revision(waiver.revision, revision)
    if waiver.state not in OPEN:
        raise Conflict(f"The waiver is {waiver.get_state_display()}; nobody needs to sign it.")


def _role(waiver: Waiver, gate: Gate, account: User) -> str:
    """The role in which this person signs now, where they had no part and it is their turn."""
    first = waiver.state == State.REQUESTED
    wanted = waivability.named(gate) if first else (*waivability.named(gate), *sorted(SIGNING))
    held = next((role for role in wanted if role in _signing_roles(account, waiver)), None)
    _check_duties(waiver, account, held or wanted[0])
    if held is None:
        names = " or ".join(role.replace("_", " ") for role in wanted)
        raise NotPermitted(f"The first signature is that of a {names}.", remedy="Wait for it, or ask one to sign.")
    return held


def _signing_roles(account: User, waiver: Waiver) -> frozenset[str]:
    return frozenset(roles(account, waiver.promotion.slot.system) & SIGNING)


def _check_duties(waiver: Waiver, account: User, role: str) -> None:
    made = dual_control.grants(waiver)
    if account.pk == waiver.requested_by_id:
        raise DutyConflict("You asked for this waiver.", remedy="Ask somebody who had no part in it.")
    if any(row.signer_id == account.pk for row in made):
        raise DutyConflict("You have signed this waiver; it takes a second person.", remedy="Ask somebody else.")
    promotion = waiver.promotion
    known = duties.record(promotion, (), duties.history(promotion), at=timezone.now())
    approvers = tuple(rules.Approver(str(row.signer_id), row.role, row.signer.team) for row in made)
    separation = approvals.policy_of(promotion).approval.separation_of_duties
    found = rules.conflicts(str(account.pk), account.team, role, replace(known, approvers=approvers), separation)
    if found:
        raise DutyConflict(found[0], remedy="Ask somebody who had no part in it.")


def _grant(waiver: Waiver, signer: Signer, *, role: str, reason: str, actor: Actor) -> None:
    """The first signature asks for the second; the second puts the waiver in force, if both verify."""
    first = waiver.state == State.REQUESTED
    meaning = FIRST if first else SECOND
    stated = dual_control.stated(waiver, verdict=dual_control.GRANT, role=role, meaning=meaning, reason=reason)
    made: Signature = signing.signature(signer, stated)
    digest = signing.keep(made, actor=actor)
    waiver.state = State.COUNTERSIGN if first else State.ACTIVE
    waiver.granted_at = None if first else made.signed_at
    if not first and not dual_control.genuine(waiver):
        raise Conflict("The first signature does not verify.", remedy="Refuse this waiver and ask for a new one.")
    _save(waiver)
    event = events.WaiverSigned(role=role, record=waiver.record_digest, signature=digest, state=waiver.state)
    log.record(event, subject=waiver, actor=actor, reason=reason)


def _held(account: User, waiver: Waiver) -> str:
    """The role in which this person revokes: the one that the policy names, where they hold it."""
    held = _signing_roles(account, waiver)
    return next(role for role in (*waivability.named(waivability.gate_of(waiver)), *sorted(SIGNING)) if role in held)


def _end(waiver: Waiver, state: str) -> None:
    waiver.state, waiver.ended_at = state, timezone.now()
    _save(waiver)


def _save(waiver: Waiver) -> None:
    waiver.revision += 1
    waiver.save()


def _consequences(waiver: Waiver, what: str, *, actor: Actor) -> None:
    """An approval that rests on the waiver does not count without it; the slot acts on that in its own step."""
    promotion = waiver.promotion
    if _counts(promotion) and used(waiver):
        reason = f"The waiver of {waiver.gate} {what}."
        standing.suspend(promotion, cause="waiver ended", reason=reason, actor=actor)


def _counts(promotion: PromotionRequest) -> bool:
    in_time = promotion.valid_until is not None and promotion.valid_until > timezone.now()
    return in_time and promotion.state in PromotionRequest.VALID and promotion.approval in PromotionRequest.STANDING


def _rerun_if_open(waiver: Waiver, actor: Actor) -> None:
    if waiver.promotion.state == PromotionRequest.State.IN_REVIEW and used(waiver):
        _rerun(waiver.promotion, actor)


def _rerun(promotion: PromotionRequest, actor: Actor) -> None:
    """The gates answer again, whoever signed: that is the system's answer, not theirs."""
    promotions.rerun(promotion, actor=system_actors.system("waivers", request=actor.request))


def _due() -> QuerySet[Waiver]:
    return Waiver.objects.filter(state__in=[*OPEN, State.ACTIVE], expires_at__lte=timezone.now())
