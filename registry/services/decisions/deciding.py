"""A person's decision on a request: every rule between the person and the signature, and what a signature changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.models import Governed
from registry import actors, events, records
from registry.errors import Conflict, Invalid, RegistryError, Stale
from registry.gates import approval, durations
from registry.gates.policy import Step
from registry.models import Condition, Decision, PromotionRequest, User
from registry.services import refusals, signing
from registry.services.approvals import approvals, findings, seats, staleness
from registry.services.decisions import conditions
from registry.services.duties import tasks
from registry.services.policies import governing
from registry.services.rows import match_revision
from registry.services.signing import Credentials, Signer

State, Approval, Verdict = PromotionRequest.State, PromotionRequest.Approval, Decision.Verdict


@dataclass(frozen=True, slots=True)
class Said:
    """What a person decides: the verdict, what their signature means, why, and on which conditions."""

    verdict: str
    meaning: str
    reason: str
    conditions: Sequence[dict[str, Any]] = ()


@sensitive_variables("credentials")
def decide(
    request: PromotionRequest, said: Said, *, credentials: Credentials, revision: int, actor: Actor
) -> PromotionRequest:
    """Sign a decision. Everything is checked inside the request's lock; a refusal is recorded, then raised.

    Records promotion.signed or promotion.decision_refused. Raises NotPermitted, DutyConflict, SignatureRejected,
    RevisionMismatch, Conflict, Stale, Invalid.
    """
    prove = refusals.proven(actor, credentials)
    refusal: RegistryError | None = None
    with transaction.atomic(durable=True):
        request = PromotionRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        try:
            seats.admit(request, signing.person(actor))
            signer = prove()
            with transaction.atomic():
                _check_said(said)
                _decide(request, signer, said, revision, actor)
        except RegistryError as error:
            refusal = error
            request = PromotionRequest.objects.get(pk=request.pk)  # what was changed in memory never happened
            if isinstance(error, Stale):
                staleness.go_stale(request, cause="its grounds moved", actor=actor)
            event = events.PromotionDecisionRefused(rule=type(error).__name__)
            log.record(event, subject=request, actor=actor, sealed={"detail": error.detail})
    if refusal:
        raise refusal
    return request


def why_not(request: PromotionRequest, account: User) -> str | None:
    """Why this account cannot sign now, with the remedy; None where it can.

    Reads only and records nothing, so that a person knows before signing; `decide` checks again in its lock.
    """
    found = outlook(request, account)
    return found if isinstance(found, str) else None


def outlook(request: PromotionRequest, account: User) -> seats.Seat | str:
    """The step that this account could sign now, and for whom; or why it cannot, as `why_not` says it."""
    try:
        person = signing.person(actors.of(account))
        seats.admit(request, person)
        _check_in_review(request)
        return _open_seat(request, person)
    except RegistryError as refusal:
        return f"{refusal.detail} {refusal.remedy}".strip()


def claim(request: PromotionRequest, *, actor: Actor) -> PromotionRequest:
    """Say that one looks at the open step, so that others need not; anybody who may still signs.

    Records promotion.claimed. Raises Conflict, DutyConflict, NotPermitted, Stale.
    """
    person = signing.person(actor)
    with transaction.atomic(durable=True):
        request = PromotionRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        seats.admit(request, person)
        _check_in_review(request)
        _open_seat(request, person)
        task = tasks.current(request)
        if task is None or task.assignee_id not in (None, person.pk):
            raise Conflict("Somebody looks at it already.", remedy="Ask them to give it back, or simply sign.")
        task.assignee = person
        task.save()
        log.record(events.PromotionClaimed(role=task.role), subject=request, actor=actor, also=[task])
    return request


def _decide(request: PromotionRequest, signer: Signer, said: Said, revision: int, actor: Actor) -> None:
    """In the lock of the request, and of everybody whose rights count: what changed until now is seen."""
    seats.hold(signer.account)
    person = signing.person(actor)
    _check_in_review(request)
    match_revision(request.revision, revision)
    seat = _open_seat(request, person)
    if said.meaning != seat.step.meaning:
        raise Invalid(
            f"A signature here means {seat.step.meaning!r}, not {said.meaning!r}.", remedy="State what you sign."
        )
    if said.verdict in approval.APPROVING:
        _check_findings(request)
    attached = conditions.prepare(request, said.conditions)
    _sign(request, signer, seat, said, attached, actor)


def _sign(
    request: PromotionRequest,
    signer: Signer,
    seat: seats.Seat,
    said: Said,
    attached: list[Condition],
    actor: Actor,
) -> None:
    stated = approvals.stated(
        request,
        verdict=said.verdict,
        role=seat.step.role,
        meaning=said.meaning,
        reason=said.reason,
        more=approvals.bound(attached, seat.delegator),
    )
    decision = Decision(
        promotion=request,
        round=request.round,
        verdict=said.verdict,
        delegated_by=seat.delegator,
        **signing.columns(signer, stated),
    )
    decision.save(force_insert=True)
    moved = _settle(request, seat.step, decision.signed_at)
    event = events.PromotionSigned(
        verdict=said.verdict,
        role=seat.step.role,
        meaning=said.meaning,
        round=request.round,
        on_behalf_of=str(seat.delegator.pk) if seat.delegator else None,
        conditions=len(attached),
        record=request.record_digest,
        signature=records.digest(records.signature(decision)),
        state=request.state,
    )
    conditions.attach(attached, decision, actor=actor)
    log.record(event, subject=request, actor=actor, reason=said.reason, also=[decision, *moved])


def _settle(request: PromotionRequest, step: Step, now: datetime) -> list[Governed]:
    """Move the request on: to the next signature or step, to its author, to its end; the tasks that changed with it."""
    found = approvals.progress(request, approvals.decisions_of(request))
    request.revision += 1
    if found.next_step == step:
        request.save()
        return []
    closed = tasks.close(request, now=now)
    if found.next_step is None:
        _conclude(request, found, now)
        request.save()
        return [*closed]
    chain = approvals.policy_of(request).approval.chain
    opened = tasks.open_step(request, found.next_step, chain, now=now)
    request.due_at = opened.due_at
    request.save()
    return [*closed, opened]


def _conclude(request: PromotionRequest, found: approval.Progress, now: datetime) -> None:
    """The end of a round: nobody is asked any more."""
    request.due_at = None
    if found.changes_requested:
        request.state = State.CHANGES_REQUESTED
        return
    request.decided_at = now
    if found.rejected:
        request.state, request.approval = State.REJECTED, Approval.REJECTED
        return
    valid_for = durations.parse(approvals.policy_of(request).approval.valid_for)
    request.state, request.valid_until = State.APPROVED, durations.after(now, valid_for)
    request.approval = Approval.CONDITIONAL if found.conditional else Approval.APPROVED
    request.lapses_at = None


def _check_said(said: Said) -> None:
    if said.verdict not in Verdict.values:
        raise Invalid(f"A decision is {' or '.join(Verdict.values)}, not {said.verdict!r}.", remedy="Choose one.")
    if (said.verdict == Verdict.APPROVE_WITH_CONDITIONS) != bool(said.conditions):
        raise Invalid(
            "Conditions belong to an approval with conditions, and to nothing else.",
            remedy="Name at least one with 'approve_with_conditions', and none with another verdict.",
        )


def _check_in_review(request: PromotionRequest) -> None:
    if request.state != State.IN_REVIEW:
        raise Conflict(f"The request is {request.get_state_display()}; there is nothing to decide.")


def _open_seat(request: PromotionRequest, person: User) -> seats.Seat:
    """The step whose turn it is, where this person may take it."""
    moved = staleness.moved(request) or governing.outranked(request)
    if moved:
        raise Stale(moved, remedy="Submit a new request.")
    decisions = approvals.decisions_of(request)
    step = approvals.progress(request, decisions).next_step
    if step is None:
        raise Conflict("Nobody needs to sign any more.")
    return seats.taken(request, person, step, decisions)


def _check_findings(request: PromotionRequest) -> None:
    """Nobody approves what is known to be wrong."""
    unsettled = findings.blocking(request.model_version)
    if unsettled:
        named = "; ".join(f"{finding.get_severity_display()}: {finding.title}" for finding in unsettled)
        raise Conflict(
            f"Findings about the version are not settled ({named}).",
            remedy="Have them mended and retested, or the risk accepted; or decide otherwise.",
        )
