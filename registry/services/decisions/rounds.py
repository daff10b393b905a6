"""One round of a request: its grounds frozen as they are now, the gates' answers, and the first step's task."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from audit.models import Governed
from registry import records
from registry.errors import Invalid
from registry.gates import approval, durations
from registry.gates import evaluate as gates
from registry.gates.results import Evaluation
from registry.models import GateResult, ModelVersion, PromotionRequest
from registry.services.approvals import approvals, gating, grounds
from registry.services.duties import tasks
from registry.services.policies import governing, policies

State = PromotionRequest.State


@dataclass(frozen=True, slots=True)
class Round:
    """What a round began with; nothing of it is saved yet."""

    answer: Evaluation
    results: Sequence[GateResult]

    @property
    def verdicts(self) -> dict[str, str]:
        """Each gate's verdict, as events tell it."""
        return {result.gate_id: result.verdict for result in self.answer.results}


def bind(request: PromotionRequest) -> ModelVersion | None:
    """Write into the request what it is about as that is now; the champion that it is compared with."""
    version, slot = request.model_version, request.slot
    champion = grounds.baseline(version, slot)
    request.change_class = grounds.change_class(version, slot)
    request.artifact_digest = version.artifact_digest
    request.dataset_digest = version.dataset_version.digest
    request.policy_digest = request.policy.digest
    request.champion_digest = champion.artifact_digest if champion else ""
    request.context = gating.context(version, slot, champion, change_class=request.change_class)
    return champion


def check(request: PromotionRequest) -> None:
    """Whether its policy governs this version in this slot. Raises Invalid."""
    version, policy = request.model_version, request.policy
    if version.model.system_id != request.slot.system_id:
        raise Invalid("The version belongs to another system than the slot.", remedy="Name a slot of its own system.")
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        raise Invalid(f"{version} is {version.lifecycle}.", remedy="Register a new version.")
    idle = policies.not_in_force(policy)
    if idle:
        raise Invalid(idle, remedy="Have it approved by a second person, or name the version that is in effect.")
    if gates.applies(approvals.policy_of(request), request.context, timezone.now()).value is not True:
        raise Invalid(
            f"{policy} does not apply to this request (see its applies_when).",
            remedy="Name the policy that governs this slot and risk tier.",
        )
    governing.check(request)


def run(request: PromotionRequest) -> Round:
    """Freeze the grounds and let the gates answer, on the evidence and the waivers that stand now.

    Changes the request and saves nothing. Raises Invalid.
    """
    champion = bind(request)
    check(request)
    version = request.model_version
    items = gating.evidence_about(version)
    facts = gating.facts(
        version,
        request.slot,
        request.policy,
        items,
        champion,
        change_class=request.change_class,
        waivers=gating.waivers(request),
    )
    answer = gates.evaluate(approvals.policy_of(request), facts)
    request.evidence_digests = gating.digests(items)
    request.evidence_root = records.merkle_root(request.evidence_digests)
    request.state = State.IN_REVIEW if answer.verdict == "ready" else State.BLOCKED
    request.headline = governing.headline(request, gates.headline(answer))
    results = gating.results(request, answer)
    request.record_digest = records.digest(records.promotion(request, results))
    return Round(answer, results)


def store(request: PromotionRequest, begun: Round) -> list[Governed]:
    """Save request and answers, and ask for the first signature where nothing blocks.

    The rows that the caller's event must name beside the request and the answers: closed and opened tasks.
    """
    now, new = timezone.now(), request._state.adding
    closed = [] if new else tasks.close(request, now=now)
    chain = approvals.policy_of(request).approval.chain
    asked = request.state == State.IN_REVIEW
    request.due_at = approval.due_at(chain[0], now) if asked else None
    request.save(force_insert=new)
    GateResult.objects.bulk_create(begun.results)
    return [*closed, *([tasks.open_step(request, chain[0], chain, now=now)] if asked else [])]


def answers(request: PromotionRequest) -> list[GateResult]:
    """What the gates answered in every round: an event names all of them under one digest."""
    return list(request.gates.order_by("round", "position"))


def start_clock(request: PromotionRequest) -> None:
    """From now on the request lapses unless somebody decides, where its policy says after how long."""
    after = approvals.policy_of(request).approval.lapses_after
    request.lapses_at = durations.after(timezone.now(), durations.parse(after)) if after else None
