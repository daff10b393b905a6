"""What a policy would have said of past requests, on exactly the facts that their own gates read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Exists, OuterRef

from audit import log
from audit.actors import Actor
from registry import actors, events
from registry.errors import Conflict, NotPermitted
from registry.gates import evaluate as gates
from registry.gates import grammar
from registry.gates.policy import Policy
from registry.gates.results import Evaluation, GateResult
from registry.models import GateResult as GateRow
from registry.models import PolicyVersion, PromotionRequest, User
from registry.permissions import allows, visible_systems
from registry.roles import Action
from registry.services.approvals import gating
from registry.services.policies import policies

LAST, MOST = 40, 200
Verdict = Literal["ready", "blocked"]


@dataclass(frozen=True, slots=True)
class GateChange:
    """A gate that answers otherwise, as in `fail, block`: empty where it lets pass or is not there."""

    gate: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A past request that the policy would have answered otherwise."""

    promotion: PromotionRequest
    before: Verdict
    after: Verdict
    gates: tuple[GateChange, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What one policy says of the requests that it would have governed."""

    policy: str
    requests: int
    changed: tuple[Changed, ...]

    @property
    def would_block(self) -> tuple[Changed, ...]:
        """Requests that their own policy let through."""
        return tuple(one for one in self.changed if (one.before, one.after) == ("ready", "blocked"))

    @property
    def would_release(self) -> tuple[Changed, ...]:
        """Requests that their own policy blocked."""
        return tuple(one for one in self.changed if (one.before, one.after) == ("blocked", "ready"))

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        if not self.requests:
            return f"No past request is one that {self.policy} would have governed."
        blocked = f"{self.policy} would have blocked {len(self.would_block)} of the last {self.requests} requests"
        return f"{blocked} that passed, and let through {len(self.would_release)} that were blocked."


def preview(policy: Policy, *, account: User | None, last: int = LAST, since: datetime | None = None) -> Simulation:
    """Try a policy on past requests and change nothing.

    Only on requests that its applies_when would have governed, of systems that the account may read (None: every
    system, for the command line), the newest first. Each is judged at the time of its own gates on the evidence,
    context and waivers of then, and as if this policy had been in force as long as its own.
    """
    tried = list(_governed(policy, account, min(last, MOST), since))
    changed = (_changed(policy, promotion) for promotion in tried)
    return Simulation(
        policy=f"{policy.name} v{policy.version}",
        requests=len(tried),
        changed=tuple(one for one in changed if one is not None),
    )


def simulate(policy: PolicyVersion, *, actor: Actor, last: int = LAST) -> Simulation:
    """Try a draft on past requests and put the outcome on record; only then can somebody approve it.

    Records policy.simulated. Raises NotPermitted, Conflict for a policy that has been approved.
    """
    account = _author_or_approver(actor)
    found = preview(grammar.parse(policy.document), account=account, last=last)
    with transaction.atomic(durable=True):
        policy = PolicyVersion.objects.select_for_update(no_key=True).get(pk=policy.pk)
        if policy.state not in (PolicyVersion.State.DRAFT, PolicyVersion.State.SIMULATED):
            raise Conflict(f"The policy is {policies.standing(policy)} already; its simulation can be read.")
        policy.state = PolicyVersion.State.SIMULATED
        policy.save()
        event = events.PolicySimulated(
            policy=policy.name,
            version=policy.version,
            digest=policy.digest,
            requests=found.requests,
            would_block=len(found.would_block),
            would_release=len(found.would_release),
        )
        log.record(event, subject=policy, actor=actor)
    return found


def _author_or_approver(actor: Actor) -> User:
    account = actors.account(actor)
    if not any(allows(account, action) for action in (Action.PROPOSE_POLICY, Action.APPROVE_POLICY)):
        raise NotPermitted(
            "You may not put a simulation on record.", remedy="Read it instead, or ask a policy admin or risk officer."
        )
    return account


def _governed(policy: Policy, account: User | None, last: int, since: datetime | None) -> Iterator[PromotionRequest]:
    answered = GateRow.objects.filter(promotion=OuterRef("pk"), round=OuterRef("round"))
    rows = PromotionRequest.objects.filter(Exists(answered)).order_by("-id")
    if account is not None:
        rows = rows.filter(slot__system__in=visible_systems(account))
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    found = 0
    related = ("policy", "slot", "model_version__model", "model_version__dataset_version__dataset")
    for promotion in rows.select_related(*related).prefetch_related("gates").iterator(chunk_size=MOST):
        if found == last:
            return
        if gates.applies(policy, promotion.context, promotion.submitted_at or promotion.created_at).value is True:
            found += 1
            yield promotion


def _changed(policy: Policy, promotion: PromotionRequest) -> Changed | None:
    rows = [row for row in promotion.gates.all() if row.round == promotion.round]
    answer = gates.evaluate(policy, gating.facts_of(promotion))
    before: Verdict = "blocked" if any(row.effect == "block" for row in rows) else "ready"
    different = tuple(_different(rows, answer))
    return Changed(promotion, before, answer.verdict, different) if different else None


def _different(rows: list[GateRow], answer: Evaluation) -> Iterator[GateChange]:
    """The gates that answer otherwise; one that is new and lets pass, or gone and let pass, changes nothing."""
    before, after = {row.gate: row for row in rows}, {result.gate_id: result for result in answer.results}
    for gate, result in after.items():
        row = before.get(gate)
        if _said(row) != _said(result):
            yield GateChange(gate, _said(row), _said(result), result.reason)
    for gate, row in before.items():
        if gate not in after and row.effect != "none":
            yield GateChange(gate, _said(row), "", f"The policy has no such gate. It said: {row.reason}")


def _said(answer: GateRow | GateResult | None) -> str:
    """`fail, block`; nothing of a gate that is not there and of one that lets pass."""
    return "" if answer is None or answer.effect == "none" else f"{answer.verdict}, {answer.effect}"
