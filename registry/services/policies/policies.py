"""Policies: proposed by one person, tried on the past, signed by another, in force for a time."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.events import timestamp
from registry import events, records
from registry.errors import Conflict, DutyConflict, Invalid, Problem
from registry.gates import grammar
from registry.gates.policy import Policy
from registry.models import PolicyVersion, Signature
from registry.permissions import require
from registry.roles import Action, Role
from registry.services import refusals, rows, signing
from registry.services.approvals import staleness
from registry.services.signing import Credentials, Signer, Stated

State = PolicyVersion.State
MEANING = "approval"


def propose(document: str | dict[str, Any], *, actor: Actor) -> PolicyVersion:
    """Put a policy text forward as the next version of its name. Records policy.proposed. Raises Invalid."""
    author = require(actor, Action.PROPOSE_POLICY)
    plain, parsed = _read(document)
    with transaction.atomic(durable=True):
        versions = PolicyVersion.objects.select_for_update(no_key=True).filter(name=parsed.name).order_by("version")
        expected = len(versions) + 1
        if parsed.version != expected:
            raise Invalid(
                f"The next version of {parsed.name!r} is {expected}.",
                problems=[Problem("/metadata/version", f"is {parsed.version}", f"Write {expected}.")],
            )
        policy = PolicyVersion(
            name=parsed.name, version=parsed.version, document=plain, digest=parsed.digest, author=author
        )
        rows.insert(policy)  # of two first versions proposed at once, the lock above stops neither
        event = events.PolicyProposed(policy=parsed.name, version=parsed.version, digest=parsed.digest)
        log.record(event, subject=policy, actor=actor)
    return policy


@sensitive_variables("credentials")
def approve(
    policy: PolicyVersion,
    *,
    credentials: Credentials,
    reason: str,
    actor: Actor,
    effective_from: datetime | None = None,
    effective_until: datetime | None = None,
) -> PolicyVersion:
    """Sign somebody else's simulated draft, for a time that begins now unless a later moment is given.

    Its author may not. Records policy.approved and, where it takes effect at once, policy.took_effect and
    policy.superseded; or policy.approval_refused. Raises DutyConflict, Conflict, SignatureRejected, NotPermitted,
    Invalid.
    """
    signer = refusals.proven(actor, credentials)

    def work(row: PolicyVersion) -> None:
        account = require(actor, Action.APPROVE_POLICY)
        _check_open(row, account.pk)
        now = timezone.now()
        row.effective_from, row.effective_until = effective_from or now, effective_until
        _check_window(row, now)
        _sign(row, signer(), reason=reason, actor=actor)
        if row.effective_from <= now:
            _take_effect(row, actor=actor)

    return refusals.recorded(
        lambda: _locked(policy),
        work,
        refused=lambda rule: events.PolicyApprovalRefused(rule=rule),
        actor=actor,
    )


def take_effect(*, actor: Actor) -> list[PolicyVersion]:
    """Let approved policies govern whose time has come, and end those whose time is over; what moved.

    Records policy.took_effect, policy.superseded, policy.ended. For a periodic task; each policy commits by itself.
    """
    waiting = PolicyVersion.objects.filter(state=State.APPROVED, effective_from__lte=timezone.now())
    begun = [_moved(row, State.APPROVED, actor=actor) for row in waiting.order_by("name", "version")]
    over = PolicyVersion.objects.filter(state=State.EFFECTIVE, effective_until__lte=timezone.now())
    ended = [_moved(row, State.EFFECTIVE, actor=actor) for row in over.order_by("name")]
    return [row for row in (*begun, *ended) if row is not None]


def not_in_force(policy: PolicyVersion, at: datetime | None = None) -> str | None:
    """Why a policy governs nothing new at a moment, in one sentence; None where it does."""
    at = at or timezone.now()
    if policy.state != State.EFFECTIVE:
        return f"{policy} is {standing(policy)}; it governs nothing."
    if policy.effective_until is not None and policy.effective_until <= at:
        return f"{policy} was in force until {policy.effective_until:%d %B %Y %H:%M} UTC."
    return problem(policy)


def problem(policy: PolicyVersion) -> str | None:
    """Why a policy's approval does not verify: its text, its window and the signature of a second person."""
    if grammar.digest(policy.document) != policy.digest:
        return f"The text of {policy} is not the one that was approved."
    made = Signature.objects.filter(subject_type="policy", subject_id=policy.pk, statement__verdict="approve").last()
    if made is None or not signing.genuine(made, stated=_stated(policy, made.reason)):
        return f"The signature on {policy} does not verify."
    if policy.author_id == made.signer_id or policy.approved_by_id != made.signer_id:
        return f"{policy} was not approved by a second person."
    return None


def standing(policy: PolicyVersion) -> str:
    """The state as it stands in a sentence."""
    return State(policy.state).label.lower()


def _locked(policy: PolicyVersion) -> PolicyVersion:
    """The policy as it is now, and every other version of its name with it: which of them governs is one question.

    Requests that name a policy may be made meanwhile: the lock leaves their foreign keys alone.
    """
    versions = PolicyVersion.objects.select_for_update(no_key=True).filter(name=policy.name).order_by("version")
    return next(row for row in versions if row.pk == policy.pk)


def _read(document: str | dict[str, Any]) -> tuple[dict[str, Any], Policy]:
    try:
        plain = grammar.read(document)
        return plain, grammar.parse(plain)
    except grammar.PolicyError as error:
        problems = [Problem(problem.path, problem.detail, problem.remedy) for problem in error.problems]
        raise Invalid("The policy cannot be used.", problems=problems) from error


def _check_open(policy: PolicyVersion, account_id: Any) -> None:
    if policy.author_id == account_id:
        raise DutyConflict("You wrote this policy, so you cannot approve it.", remedy="Ask another risk officer.")
    if policy.state == State.DRAFT:
        raise Conflict("The policy has not been tried on past requests.", remedy="Simulate it, then approve it.")
    if policy.state != State.SIMULATED:
        raise Conflict(f"The policy is {standing(policy)} already.")
    newer = PolicyVersion.objects.filter(
        name=policy.name, version__gt=policy.version, state__in=[State.APPROVED, State.EFFECTIVE]
    ).first()
    if newer:
        raise Conflict(f"{newer} is newer, and approved.", remedy="Propose what you want as a version after it.")


def _check_window(policy: PolicyVersion, now: datetime) -> None:
    begins, ends = policy.effective_from or now, policy.effective_until
    if begins < now:
        raise Invalid(
            "A policy never takes effect in the past.",
            problems=[Problem("/effective_from", f"is {begins:%Y-%m-%d %H:%M} UTC", "Leave it out for now.")],
        )
    if ends is not None and ends <= begins:
        raise Invalid(
            "The policy would end before it begins.",
            problems=[Problem("/effective_until", f"is {ends:%Y-%m-%d %H:%M} UTC", "Write a later moment.")],
        )


def _sign(policy: PolicyVersion, signer: Signer, *, reason: str, actor: Actor) -> None:
    """The row as it is signed: approved by whom, from when, until when."""
    policy.state, policy.approved_by = State.APPROVED, signing.person(actor)
    policy.save()
    signature = signing.keep(signing.signature(signer, _stated(policy, reason)), actor=actor)
    event = events.PolicyApproved(
        policy=policy.name,
        version=policy.version,
        digest=policy.digest,
        effective_from=timestamp(policy.effective_from or timezone.now()),
        effective_until=timestamp(policy.effective_until) if policy.effective_until else "",
        signature=signature,
    )
    log.record(event, subject=policy, actor=actor, reason=reason)


def _stated(policy: PolicyVersion, reason: str) -> Stated:
    return Stated(
        kind="policy",
        subject="policy",
        identity=policy.pk,
        record_digest=records.digest(records.policy(policy)),
        verdict="approve",
        role=Role.RISK_OFFICER,
        meaning=MEANING,
        reason=reason,
    )


def _moved(policy: PolicyVersion, expected: str, *, actor: Actor) -> PolicyVersion | None:
    """One step by itself; None where another worker took it first."""
    with transaction.atomic(durable=True):
        policy = _locked(policy)
        if policy.state != expected:
            return None
        if expected == State.APPROVED:
            _take_effect(policy, actor=actor)
        else:
            _end(policy, actor=actor)
    return policy


def _take_effect(policy: PolicyVersion, *, actor: Actor) -> None:
    """In the caller's transaction, all versions locked: the older give way first, since one governs at most."""
    older = PolicyVersion.objects.filter(
        name=policy.name, version__lt=policy.version, state__in=[State.APPROVED, State.EFFECTIVE]
    )
    for one in older.order_by("version"):
        one.state = State.SUPERSEDED
        one.save()
        log.record(events.PolicySuperseded(by=str(policy.pk)), subject=one, actor=actor)
        staleness.mark_policy(one, cause=f"the policy was superseded by {policy}", actor=actor)
    policy.state = State.EFFECTIVE
    policy.save()
    event = events.PolicyTookEffect(policy=policy.name, version=policy.version, digest=policy.digest)
    log.record(event, subject=policy, actor=actor)


def _end(policy: PolicyVersion, *, actor: Actor) -> None:
    policy.state = State.ENDED
    policy.save()
    log.record(events.PolicyEnded(policy=policy.name, version=policy.version), subject=policy, actor=actor)
    staleness.mark_policy(policy, cause="the policy's window is over", actor=actor)
