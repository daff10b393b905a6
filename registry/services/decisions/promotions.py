"""Promotion requests: written, put forward, answered by gates, put forward again, taken back."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import timestamp
from registry import events
from registry.errors import AlreadyExists, Conflict, NotPermitted
from registry.models import Comment, ModelVersion, PolicyVersion, PromotionRequest, Slot, User
from registry.permissions import require
from registry.roles import Action
from registry.services import sweeping
from registry.services.decisions import rounds
from registry.services.decisions.rounds import Round
from registry.services.duties import tasks
from registry.services.sweeping import Swept

State = PromotionRequest.State
#: It waits for an answer, and lapses without one.
WAITING = (State.BLOCKED, State.IN_REVIEW, State.CHANGES_REQUESTED)


def draft(version: ModelVersion, *, slot: Slot, policy: PolicyVersion, reason: str, actor: Actor) -> PromotionRequest:
    """Write a request that nobody is asked to decide yet; no gate runs and nothing is frozen.

    Records promotion.drafted. Raises Invalid, AlreadyExists, NotPermitted.
    """
    request = _new(version, slot, policy, reason, require(actor, Action.SUBMIT, slot.system))
    request.state = State.DRAFT
    rounds.bind(request)
    rounds.check(request)
    try:
        with transaction.atomic(durable=True):
            request.save(force_insert=True)
            event = events.PromotionDrafted(
                model_version=str(version.pk),
                slot=slot.key,
                policy=request.policy_digest,
                change_class=request.change_class,
            )
            log.record(event, subject=request, actor=actor, reason=reason)
    except IntegrityError as error:
        raise _taken(request) from error
    return request


def submit(version: ModelVersion, *, slot: Slot, policy: PolicyVersion, reason: str, actor: Actor) -> PromotionRequest:
    """Ask for a version to serve in a slot; the gates answer at once, on the evidence that is there.

    The request freezes the digests of artifact, data, policy and evidence: a decision counts for exactly these.
    Records promotion.submitted. Raises Invalid, AlreadyExists, NotPermitted.
    """
    request = _new(version, slot, policy, reason, require(actor, Action.SUBMIT, slot.system))
    try:
        with transaction.atomic(durable=True):
            _put_forward(request, actor=actor)
    except IntegrityError as error:
        raise _taken(request) from error
    return request


def submit_draft(request: PromotionRequest, *, actor: Actor) -> PromotionRequest:
    """Put one's own draft forward, with the data, policy and evidence of now; the gates answer at once.

    Records promotion.submitted. Raises Conflict, Invalid, NotPermitted.
    """
    account = require(actor, Action.SUBMIT, request.slot.system)
    with transaction.atomic(durable=True):
        request = _locked(request)
        _check_own(request, account, "submits")
        _check_state(request, (State.DRAFT,), "put forward")
        request.revision += 1
        _put_forward(request, actor=actor)
    return request


def resubmit(
    request: PromotionRequest, *, reason: str, actor: Actor, policy: PolicyVersion | None = None
) -> PromotionRequest:
    """Answer what reviewers asked for: a new round on the evidence of now, in which everybody decides anew.

    Whoever does it is an author of the request from then on. The reason goes into the thread.
    Records promotion.resubmitted. Raises Conflict, Invalid, NotPermitted.
    """
    account = require(actor, Action.SUBMIT, request.slot.system)
    with transaction.atomic(durable=True):
        request = _locked(request)
        _check_state(request, (State.CHANGES_REQUESTED,), "put forward again")
        request.policy = policy or request.policy
        begun = _next_round(request)
        rounds.start_clock(request)
        rows = rounds.store(request, begun)
        said = Comment(promotion=request, author=account, text=reason)
        said.save(force_insert=True)
        event = events.PromotionResubmitted(**_told(request, begun))
        log.record(
            event, subject=request, actor=actor, reason=reason, also=[*rows, said], parts=rounds.answers(request)
        )
    return request


def rerun(request: PromotionRequest, *, actor: Actor) -> PromotionRequest:
    """Let the gates answer again, on the evidence and the waivers of now: a new round, in review if nothing blocks.

    People do so for a blocked request; the system also for one in review whose waiver ended.
    Records promotion.gates_run. Raises Conflict, Invalid, NotPermitted.
    """
    allowed = (State.BLOCKED,) if actor.account is not None else (State.BLOCKED, State.IN_REVIEW)
    if actor.account is not None:
        require(actor, Action.EVALUATE, request.slot.system)
    with transaction.atomic(durable=True):
        request = _locked(request)
        _check_state(request, allowed, "judged again")
        begun = _next_round(request)
        rows = rounds.store(request, begun)
        event = events.PromotionGatesRun(**_told(request, begun))
        log.record(event, subject=request, actor=actor, also=rows, parts=rounds.answers(request))
    return request


def withdraw(request: PromotionRequest, *, actor: Actor, reason: str) -> PromotionRequest:
    """Take one's own request back before it is decided. Records promotion.withdrawn. Raises Conflict, NotPermitted."""
    account = require(actor, Action.SUBMIT, request.slot.system)
    with transaction.atomic(durable=True):
        request = _locked(request)
        _check_own(request, account, "withdraws")
        _check_state(request, PromotionRequest.OPEN, "withdrawn")
        closed = _end(request, State.WITHDRAWN)
        log.record(events.PromotionWithdrawn(), subject=request, actor=actor, reason=reason, also=closed)
    return request


def lapse_due(*, actor: Actor) -> Swept:
    """End the requests whose time is over; what time ends, nobody has approved. Records promotion.lapsed."""
    return sweeping.each(_overdue(), lambda pk: _lapse(pk, actor))


def _lapse(pk: UUID, actor: Actor) -> bool:
    """False where somebody decides at this moment, or was faster."""
    with transaction.atomic(durable=True):
        request = _overdue().select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()
        if request is None or request.lapses_at is None:
            return False
        closed = _end(request, State.LAPSED)
        event = events.PromotionLapsed(lapses_at=timestamp(request.lapses_at))
        log.record(event, subject=request, actor=actor, also=closed)
    return True


def _overdue() -> QuerySet[PromotionRequest]:
    return PromotionRequest.objects.filter(state__in=WAITING, lapses_at__lte=timezone.now())


def _new(version: ModelVersion, slot: Slot, policy: PolicyVersion, reason: str, author: User) -> PromotionRequest:
    return PromotionRequest(model_version=version, slot=slot, policy=policy, author=author, reason=reason)


def _put_forward(request: PromotionRequest, *, actor: Actor) -> None:
    """The first round, in the caller's transaction."""
    begun = rounds.run(request)
    request.submitted_at = timezone.now()
    rounds.start_clock(request)
    rows = rounds.store(request, begun)
    event = events.PromotionSubmitted(
        model_version=str(request.model_version_id),
        slot=request.slot.key,
        artifact=request.artifact_digest,
        dataset=request.dataset_digest,
        **_told(request, begun),
    )
    log.record(event, subject=request, actor=actor, reason=request.reason, also=rows, parts=rounds.answers(request))


def _next_round(request: PromotionRequest) -> Round:
    """What was decided before no longer counts, and stays readable."""
    request.round += 1
    request.revision += 1
    return rounds.run(request)


def _told(request: PromotionRequest, begun: Round) -> dict[str, Any]:
    """What every event tells that begins a round."""
    return {
        "change_class": request.change_class,
        "round": request.round,
        "record": request.record_digest,
        "policy": request.policy_digest,
        "evidence": request.evidence_root,
        "state": request.state,
        "gates": begun.verdicts,
    }


def _end(request: PromotionRequest, state: State) -> list[tasks.ReviewTask]:
    request.state, request.due_at, request.revision = state, None, request.revision + 1
    request.save()
    return tasks.close(request)


def _locked(request: PromotionRequest) -> PromotionRequest:
    return PromotionRequest.objects.select_for_update(no_key=True).get(pk=request.pk)


def _check_own(request: PromotionRequest, account: User, verb: str) -> None:
    if request.author_id != account.pk:
        raise NotPermitted(f"Only its author {verb} a request.", remedy="Ask the author, or reject it.")


def _check_state(request: PromotionRequest, allowed: tuple[str, ...], verb: str) -> None:
    if request.state not in allowed:
        raise Conflict(f"The request is {request.get_state_display()} and cannot be {verb}.")


def _taken(request: PromotionRequest) -> AlreadyExists:
    return AlreadyExists(
        f"There is an open request for {request.model_version} and {request.slot} already.",
        remedy="Decide or withdraw that one first.",
    )
