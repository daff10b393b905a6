"""Whether an approval holds now: the state, the time, the digests and every signature, checked and never assumed."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from audit.events import Json
from registry import records
from registry.errors import Stale
from registry.gates import approval, durations, grammar
from registry.gates import duties as rules
from registry.gates.policy import Policy
from registry.models import (
    Condition,
    Decision,
    Delegation,
    GateResult,
    ModelVersion,
    PolicyVersion,
    PromotionRequest,
    User,
)
from registry.services import signing
from registry.services.approvals import dual_control, endings, gating
from registry.services.duties import delegations, duties
from registry.services.signing import Stated


def policy_of(promotion: PromotionRequest) -> Policy:
    """The policy text the request is bound to."""
    return parsed(promotion.policy)


def parsed(policy: PolicyVersion) -> Policy:
    """A policy's text as data."""
    return _parsed(json.dumps(policy.document, sort_keys=True))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Policy:
    """Parsing takes 40 ms, and a decision asks several times; the text itself is the key, so no change is missed."""
    return grammar.parse(text)


def canary_steps(promotion: PromotionRequest) -> list[int]:
    """The shares in percent by which the version may take over, the last one 100."""
    rollout = policy_of(promotion).rollout
    return list(rollout.canary.steps) if rollout and rollout.canary else [100]


def progress(promotion: PromotionRequest, decisions: Iterable[Decision]) -> approval.Progress:
    """How far the chain of signatures has come in the current round; what earlier rounds signed is void."""
    made = [
        approval.Decision(person_id=str(row.signer_id), role=row.role, verdict=row.verdict, meaning=row.meaning)  # type: ignore[arg-type]
        for row in decisions
        if row.round == promotion.round
    ]
    return approval.progress(policy_of(promotion).approval.chain, made)


def decisions_of(promotion: PromotionRequest) -> list[Decision]:
    """What was signed in the current round, oldest first, with the people."""
    made = promotion.decisions.filter(round=promotion.round)
    return list(made.select_related("signer", "delegated_by").prefetch_related("conditions").order_by("id"))


def gates_of(promotion: PromotionRequest) -> list[GateResult]:
    """What the gates answered in the current round, in the policy's order."""
    return list(promotion.gates.filter(round=promotion.round).select_related("waiver").order_by("position"))


def duty_record(promotion: PromotionRequest, decisions: Iterable[Decision]) -> rules.DutyRecord:
    """Who has done what on the way to a request, as the record has it now; decisions: those of its current round."""
    return duties.record(promotion, decisions, duties.history(promotion), at=timezone.now())


def problem(promotion: PromotionRequest) -> str | None:
    """Why the approval does not hold, in one sentence; None where it does.

    As many queries whatever the evidence, the gates and the rounds: it is asked at every assignment.
    """
    promotion.model_version = _version(promotion)
    told = endings.told(promotion)
    ended = _ended(promotion, told) or endings.problem(promotion, told)
    if ended:
        return ended
    gates, decisions = gates_of(promotion), decisions_of(promotion)
    changed = _changed(promotion, gates)
    if changed:
        return f"The {changed} is not the one that was approved."
    if not all(_genuine(promotion, decision) for decision in decisions):
        return "A signature on the request does not verify."
    found = progress(promotion, decisions)
    if not found.complete:
        return "Signatures that the policy asks for are missing."
    if not _independent(promotion, decisions):
        return "Somebody who had a part in the version, or is no person, has signed."
    valid_for = durations.parse(policy_of(promotion).approval.valid_for)
    if promotion.valid_until != durations.after(decisions[-1].signed_at, valid_for):
        return "The end of the approval is not the one that its last signature gives."
    return _fallen(promotion, gates, decisions)


def require_valid(promotion: PromotionRequest) -> None:
    """Raises Stale where `problem` finds one."""
    found = problem(promotion)
    if found:
        raise Stale(found, remedy="Submit a new promotion request for this version.")


def stated(
    promotion: PromotionRequest,
    *,
    verdict: str,
    role: str,
    meaning: str,
    reason: str,
    more: Mapping[str, Json] | None = None,
) -> Stated:
    """What a decision on the request states; unusable on any other record. more: see `bound`."""
    return Stated(
        kind="decision",
        subject="promotion",
        identity=promotion.pk,
        record_digest=promotion.record_digest,
        verdict=verdict,
        role=role,
        meaning=meaning,
        reason=reason,
        more=more or {},
    )


def bound(conditions: Iterable[Condition], delegator: User | None) -> dict[str, Json]:
    """What a decision binds beside the record: on what it is conditional, and for whom its signer stands in."""
    behalf: dict[str, Json] = {"on_behalf_of": f"person:{delegator.pk}"} if delegator else {}
    return {**records.conditions(list(conditions)), **behalf}


def _version(promotion: PromotionRequest) -> ModelVersion:
    """The version as it is stored now, with all that is read of it, in one query."""
    related = ("model", "run", "trained_by", "dataset_version__dataset")
    return ModelVersion.objects.select_related(*related).get(pk=promotion.model_version_id)


def _ended(promotion: PromotionRequest, told: endings.Told) -> str | None:
    """What the request's own columns say, and its version's."""
    now = timezone.now()
    if promotion.state not in PromotionRequest.VALID:
        return f"The promotion is {promotion.get_state_display()}, not approved."
    if promotion.approval not in PromotionRequest.STANDING:
        return f"The approval is {promotion.get_approval_display()}. {promotion.approval_reason}".strip()
    if promotion.valid_until is None or promotion.valid_until <= now:
        return "The approval has expired; it needs a new review."
    version = promotion.model_version
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        return f"{version} is {version.lifecycle}."
    since = endings.stale_since(promotion, told)
    if since and _grace_ends(promotion, since) <= now:
        return "Its grounds moved, and nobody reviewed it in time."
    return None


def _grace_ends(promotion: PromotionRequest, stale_since: datetime) -> datetime:
    """When a review of an approval whose grounds moved is due at the latest: a review may have been extended once."""
    grace = durations.after(stale_since, durations.parse(policy_of(promotion).approval.re_review_within))
    open_review = promotion.reviews.filter(cause="stale", extended=True, created_at__gte=stale_since).first()
    return max(grace, open_review.lapses_at) if open_review else grace


def _fallen(promotion: PromotionRequest, gates: list[GateResult], decisions: list[Decision]) -> str | None:
    """What the approval leaned on and no longer stands: a waiver of its gates, a condition of its signatures."""
    for gate in gates:
        if gate.waiver is not None and not dual_control.stands(gate.waiver):
            return f"The waiver of the gate {gate.gate} no longer holds."
    breached = Condition.State.BREACHED, Condition.OnBreach.SUSPEND
    for decision in decisions:
        if any((row.state, row.on_breach) == breached for row in decision.conditions.all()):
            return "A condition of the approval was not kept."
    return None


def _independent(promotion: PromotionRequest, decisions: list[Decision]) -> bool:
    """The duties of persons again; teams were judged at the signing, and people may change them later."""
    known = duties.history(promotion)
    stood_in = _stood_in(promotion, decisions)
    return all(
        made.signer.kind == User.Kind.PERSON
        and _apart(promotion, made, duties.record(promotion, decisions[:place], known, at=made.signed_at))
        and (
            made.delegated_by is None
            or delegations.stood_in(
                stood_in, delegator=made.delegated_by, delegate=made.signer, role=made.role, at=made.signed_at
            )
        )
        for place, made in enumerate(decisions)
    )


def _apart(promotion: PromotionRequest, made: Decision, known: rules.DutyRecord) -> bool:
    """Neither the signer nor the one for whom they stood in had a part in it."""
    people = filter(None, (made.signer_id, made.delegated_by_id))
    return not any(rules.conflicts(str(person), None, made.role, known) for person in people)


def _stood_in(promotion: PromotionRequest, decisions: list[Decision]) -> list[Delegation]:
    signers = [made.signer_id for made in decisions if made.delegated_by_id]
    if not signers:
        return []
    rows = Delegation.objects.filter(delegate__in=signers)
    return [row for row in rows if row.system_id in (None, promotion.slot.system_id)]


def _changed(promotion: PromotionRequest, gates: list[GateResult]) -> str | None:
    version = promotion.model_version
    digests = {
        "artifact": (promotion.artifact_digest, version.artifact_digest),
        "data": (promotion.dataset_digest, version.dataset_version.digest),
        "policy": (promotion.policy_digest, grammar.digest(promotion.policy.document)),
        "evidence": (promotion.evidence_root, records.merkle_root(_standing(promotion))),
        "record": (promotion.record_digest, records.digest(records.promotion(promotion, gates))),
    }
    return next((name for name, (approved, now) in digests.items() if approved != now), None)


def _standing(promotion: PromotionRequest) -> list[str]:
    """The bound figures that still say what they said; newer ones, and the very same found again, do not count."""
    known = Counter(gating.digests(gating.evidence_about(promotion.model_version)))
    return sorted((known & Counter(promotion.evidence_digests)).elements())


def _genuine(promotion: PromotionRequest, decision: Decision) -> bool:
    """Whether what people read in the row's columns is what was signed, and was signed about this request."""
    said = stated(
        promotion,
        verdict=decision.verdict,
        role=decision.role,
        meaning=decision.meaning,
        reason=decision.reason,
        more=bound(decision.conditions.all(), decision.delegated_by),
    )
    return signing.genuine(decision, stated=said)
