"""Promotion requests: submitted against a policy, answered by gates, signed by independent people."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import actors, events, records, signatures
from registry.errors import AlreadyExists, Conflict, DutyConflict, Invalid, NotPermitted, RegistryError, Stale
from registry.gates import approval, durations, duties, grammar
from registry.gates import evaluate as gates
from registry.gates.policy import Step
from registry.gates.results import Evaluation
from registry.models import Decision, ModelVersion, PolicyVersion, PromotionRequest, Slot, User
from registry.permissions import require, roles
from registry.roles import Action
from registry.services import approvals, gating, staleness
from registry.services.systems import match_revision

State = PromotionRequest.State


def submit(version: ModelVersion, *, slot: Slot, policy: PolicyVersion, reason: str, actor: Actor) -> PromotionRequest:
    """Ask for a version to serve in a slot; the gates answer at once, on the evidence that is there.

    The request freezes the digests of artifact, data, policy and evidence: a decision counts for exactly these.
    Records promotion.submitted. Raises Invalid, AlreadyExists, NotPermitted.
    """
    author = require(actor, Action.SUBMIT, slot.system)
    champion = gating.champion(slot)
    _check_policy(version, slot, policy, champion)
    items = gating.evidence_about(version)
    answer = gates.evaluate(grammar.parse(policy.document), gating.facts(version, slot, policy, items, champion))
    request = PromotionRequest(
        model_version=version,
        slot=slot,
        policy=policy,
        author=author,
        reason=reason,
        state=State.IN_REVIEW if answer.verdict == "ready" else State.BLOCKED,
        headline=gates.headline(answer),
        artifact_digest=version.artifact_digest,
        dataset_digest=version.dataset_version.digest,
        policy_digest=policy.digest,
        champion_digest=champion.artifact_digest if champion else "",
        context=gating.context(version, slot, champion),
        evidence_digests=gating.digests(items),
        evidence_root=records.merkle_root(gating.digests(items)),
    )
    results = gating.results(request, answer)
    request.record_digest = records.digest(records.promotion(request, results))
    request.due_at = _due_at(request)
    try:
        with transaction.atomic(durable=True):
            request.save(force_insert=True)
            type(results[0]).objects.bulk_create(results)
            log.record(_submitted(request, answer), subject=request, actor=actor, reason=reason, parts=results)
    except IntegrityError as error:
        raise AlreadyExists(
            f"There is an open request for {version} and {slot} already.", remedy="Decide or withdraw that one first."
        ) from error
    return request


def decide(
    request: PromotionRequest, *, verdict: str, meaning: str, reason: str, password: str, revision: int, actor: Actor
) -> PromotionRequest:
    """Sign a decision. Everything is checked inside the request's lock; a refusal is recorded, then raised.

    Records promotion.signed or promotion.decision_refused. Raises NotPermitted, DutyConflict, SignatureRejected,
    RevisionMismatch, Conflict, Stale, Invalid.
    """
    refusal = _authentication(actor, password)
    with transaction.atomic(durable=True):
        request = PromotionRequest.objects.select_for_update().get(pk=request.pk)
        try:
            if refusal:
                raise refusal
            _check_verdict(verdict)
            signer, step = _may_sign(request, actor, meaning, revision)
            _sign(request, signer, step.role, verdict=verdict, meaning=meaning, reason=reason, actor=actor)
        except RegistryError as error:
            refusal = error
            if isinstance(error, Stale):
                _go_stale(request, actor)
            event = events.PromotionDecisionRefused(rule=type(error).__name__)
            log.record(event, subject=request, actor=actor, sealed={"detail": error.detail})
    if refusal:
        raise refusal
    return request


def why_not(request: PromotionRequest, account: User) -> str | None:
    """Why this account cannot sign now, with the remedy; None where it can.

    Reads only and records nothing, so that a person knows before signing; `decide` checks again in its lock.
    """
    try:
        actor = actors.of(account)
        _check_in_review(request)
        _open_step(request, _signer(actor), actor)
    except RegistryError as refusal:
        return f"{refusal.detail} {refusal.remedy}".strip()
    return None


def withdraw(request: PromotionRequest, *, actor: Actor, reason: str) -> PromotionRequest:
    """Take one's own request back before it is decided. Records promotion.withdrawn. Raises Conflict, NotPermitted."""
    account = require(actor, Action.SUBMIT, request.slot.system)
    with transaction.atomic(durable=True):
        request = PromotionRequest.objects.select_for_update().get(pk=request.pk)
        if request.author_id != account.pk:
            raise NotPermitted("Only its author withdraws a request.", remedy="Ask the author, or reject it.")
        if request.state not in PromotionRequest.OPEN:
            raise Conflict(f"The request is {request.get_state_display()} and can no longer be withdrawn.")
        request.state, request.revision = State.WITHDRAWN, request.revision + 1
        request.save()
        log.record(events.PromotionWithdrawn(), subject=request, actor=actor, reason=reason)
    return request


def _check_policy(version: ModelVersion, slot: Slot, policy: PolicyVersion, champion: ModelVersion | None) -> None:
    if version.model.system_id != slot.system_id:
        raise Invalid("The version belongs to another system than the slot.", remedy="Name a slot of its own system.")
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        raise Invalid(f"{version} is retired.", remedy="Register a new version.")
    if policy.state != PolicyVersion.State.EFFECTIVE:
        raise Invalid(f"{policy} is {policy.state}, not effective.", remedy="Have it approved by a second person.")
    parsed = grammar.parse(policy.document)
    if gates.applies(parsed, gating.context(version, slot, champion), timezone.now()).value is not True:
        raise Invalid(
            f"{policy} does not apply to this request (see its applies_when).",
            remedy="Name the policy that governs this slot and risk tier.",
        )


def _submitted(request: PromotionRequest, answer: Evaluation) -> events.PromotionSubmitted:
    return events.PromotionSubmitted(
        model_version=str(request.model_version_id),
        slot=request.slot.key,
        record=request.record_digest,
        artifact=request.artifact_digest,
        dataset=request.dataset_digest,
        policy=request.policy_digest,
        evidence=request.evidence_root,
        state=request.state,
        gates={result.gate_id: result.verdict for result in answer.results},
    )


def _authentication(actor: Actor, password: str) -> RegistryError | None:
    """Checked before the lock is taken: a password hash is slow on purpose."""
    try:
        signatures.authenticate(_signer(actor), password)
    except RegistryError as error:
        return error
    return None


def _signer(actor: Actor) -> User:
    if not isinstance(actor.account, User) or actor.account.kind != User.Kind.PERSON:
        raise NotPermitted("Only a person signs.", remedy="Sign in as yourself; service accounts never decide.")
    return actor.account


def _may_sign(request: PromotionRequest, actor: Actor, meaning: str, revision: int) -> tuple[User, Step]:
    """Every rule between a person and a signature, in the lock."""
    signer = _signer(actor)
    _check_in_review(request)
    match_revision(request.revision, revision)
    step = _open_step(request, signer, actor)
    if meaning != step.meaning:
        raise Invalid(f"A signature here means {step.meaning!r}, not {meaning!r}.", remedy="State what you sign.")
    return signer, step


def _check_in_review(request: PromotionRequest) -> None:
    if request.state != State.IN_REVIEW:
        raise Conflict(f"The request is {request.get_state_display()}; there is nothing to decide.")


def _open_step(request: PromotionRequest, signer: User, actor: Actor) -> Step:
    """The step whose turn it is, where this person may take it."""
    moved = staleness.moved(request)
    if moved:
        raise Stale(moved, remedy="Submit a new request.")
    step = approvals.progress(request, request.decisions.all()).next_step
    if step is None:
        raise Conflict("Nobody needs to sign any more.")
    _check_duties(request, signer, step.role)
    require(actor, Action.DECIDE, request.slot.system)
    if step.role not in roles(signer, request.slot.system):
        raise NotPermitted(
            f"The next signature is a {step.role.replace('_', ' ')}'s.", remedy="Wait for it, or ask one to sign."
        )
    return step


def _check_verdict(verdict: str) -> None:
    if verdict not in Decision.Verdict.values:
        raise Invalid(f"A decision is {' or '.join(Decision.Verdict.values)}, not {verdict!r}.", remedy="Choose one.")


def _check_duties(request: PromotionRequest, signer: User, role: str) -> None:
    record = approvals.duty_record(request, request.decisions.select_related("signer"))
    rules = approvals.policy_of(request).approval.separation_of_duties
    found = duties.conflicts(str(signer.pk), signer.team, role, record, rules)
    if found:
        raise DutyConflict(found[0], remedy="Ask somebody who had no part in it.")


def _sign(
    request: PromotionRequest, signer: User, role: str, *, verdict: str, meaning: str, reason: str, actor: Actor
) -> None:
    now = timezone.now()
    statement = records.statement(
        request, signer=signer, verdict=verdict, role=role, meaning=meaning, reason=reason, at=now
    )
    signature = signatures.sign(statement)
    decision = Decision(
        promotion=request,
        verdict=verdict,
        role=role,
        meaning=meaning,
        reason=reason,
        signer=signer,
        printed_name=signer.get_full_name(),
        signed_at=now,
        signed_digest=request.record_digest,
        statement=statement,
        public_key=signature.public_key,
        signature=signature.signature,
    )
    decision.save(force_insert=True)
    _settle(request, now)
    event = events.PromotionSigned(
        verdict=verdict,
        role=role,
        meaning=meaning,
        record=request.record_digest,
        signature=records.digest(records.signature(decision)),
        state=request.state,
    )
    log.record(event, subject=request, actor=actor, reason=reason, also=[decision])


def _settle(request: PromotionRequest, now: datetime) -> None:
    """Move the request on: to the next signature, to approved, or to rejected."""
    progress = approvals.progress(request, request.decisions.all())
    request.revision += 1
    if progress.rejected:
        request.state, request.decided_at, request.due_at = State.REJECTED, now, None
    elif progress.complete:
        valid_for = durations.parse(approvals.policy_of(request).approval.valid_for)
        request.state, request.decided_at, request.due_at = State.APPROVED, now, None
        request.valid_until = durations.after(now, valid_for)
    else:
        request.due_at = _due_at(request)
    request.save()


def _due_at(request: PromotionRequest) -> datetime | None:
    """When the open step is due. A request that is not stored yet has no signatures to read."""
    made = [] if request._state.adding else list(request.decisions.all())
    step = approvals.progress(request, made).next_step
    return approval.due_at(step, timezone.now()) if step and request.state == State.IN_REVIEW else None


def _go_stale(request: PromotionRequest, actor: Actor) -> None:
    request.state, request.revision = State.STALE, request.revision + 1
    request.save()
    log.record(events.PromotionWentStale(cause="its grounds moved"), subject=request, actor=actor)
