"""Policies: proposed by one person, made effective by another."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import Conflict, DutyConflict, Invalid, Problem, RegistryError
from registry.gates import grammar
from registry.models import PolicyVersion
from registry.permissions import require
from registry.roles import Action
from registry.services import systems


def propose(document: str | dict[str, Any], *, actor: Actor) -> PolicyVersion:
    """Put a policy text forward as the next version of its name. Records policy.proposed. Raises Invalid."""
    author = require(actor, Action.PROPOSE_POLICY)
    try:
        plain = grammar.read(document)
        parsed = grammar.parse(plain)
    except grammar.PolicyError as error:
        problems = [Problem(problem.path, problem.detail, problem.remedy) for problem in error.problems]
        raise Invalid("The policy cannot be used.", problems=problems) from error
    with transaction.atomic(durable=True):
        versions = PolicyVersion.objects.select_for_update().filter(name=parsed.name)
        expected = len(versions) + 1
        if parsed.version != expected:
            raise Invalid(
                f"The next version of {parsed.name!r} is {expected}.",
                problems=[Problem("/metadata/version", f"is {parsed.version}", f"Write {expected}.")],
            )
        policy = PolicyVersion(
            name=parsed.name, version=parsed.version, document=plain, digest=parsed.digest, author=author
        )
        systems.insert(policy)  # of two first versions proposed at once, the lock above stops neither
        event = events.PolicyProposed(policy=parsed.name, version=parsed.version, digest=parsed.digest)
        log.record(event, subject=policy, actor=actor)
    return policy


def approve(policy: PolicyVersion, *, actor: Actor, reason: str) -> PolicyVersion:
    """Make a draft effective; the version before it is superseded. Its author may not.

    Records policy.approved, policy.superseded, or policy.approval_refused. Raises DutyConflict, Conflict.
    """
    account = require(actor, Action.APPROVE_POLICY)
    with transaction.atomic(durable=True):
        policy = PolicyVersion.objects.select_for_update().get(pk=policy.pk)
        refusal = _why_not(policy, account.pk)
        if refusal is None:
            _make_effective(policy, account, actor=actor, reason=reason)
        else:
            log.record(events.PolicyApprovalRefused(rule=type(refusal).__name__), subject=policy, actor=actor)
    if refusal:
        raise refusal
    return policy


def _why_not(policy: PolicyVersion, account_id: Any) -> RegistryError | None:
    if policy.author_id == account_id:
        return DutyConflict("You wrote this policy, so you cannot approve it.", remedy="Ask another risk officer.")
    if policy.state != PolicyVersion.State.DRAFT:
        return Conflict(f"The policy is {policy.state} already.")
    return None


def _make_effective(policy: PolicyVersion, account: Any, *, actor: Actor, reason: str) -> None:
    State = PolicyVersion.State  # noqa: N806
    for older in PolicyVersion.objects.select_for_update().filter(name=policy.name, state=State.EFFECTIVE):
        older.state = State.SUPERSEDED
        older.save()
        log.record(events.PolicySuperseded(by=str(policy.pk)), subject=older, actor=actor)
    policy.state, policy.approved_by, policy.effective_from = State.EFFECTIVE, account, timezone.now()
    policy.save()
    event = events.PolicyApproved(policy=policy.name, version=policy.version, digest=policy.digest)
    log.record(event, subject=policy, actor=actor, reason=reason)
