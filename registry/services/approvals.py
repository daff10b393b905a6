"""Whether an approval holds now: the state, the time, the digests and every signature, checked and never assumed."""

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache

from django.utils import timezone

from audit.events import timestamp
from registry import records, signatures
from registry.errors import Stale
from registry.gates import approval, durations, duties, grammar
from registry.gates.policy import Policy
from registry.models import Decision, PromotionRequest, User
from registry.services import gating


def policy_of(promotion: PromotionRequest) -> Policy:
    """The policy text the request is bound to."""
    return _parsed(json.dumps(promotion.policy.document, sort_keys=True))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Policy:
    """Parsing takes 40 ms, and a decision asks several times; the text itself is the key, so no change is missed."""
    return grammar.parse(text)


def canary_steps(promotion: PromotionRequest) -> list[int]:
    """The shares in percent by which the version may take over, the last one 100."""
    rollout = policy_of(promotion).rollout
    return list(rollout.canary.steps) if rollout and rollout.canary else [100]


def progress(promotion: PromotionRequest, decisions: Iterable[Decision]) -> approval.Progress:
    """How far the chain of signatures has come."""
    made = [
        approval.Decision(person_id=str(row.signer_id), role=row.role, verdict=row.verdict, meaning=row.meaning)  # type: ignore[arg-type]
        for row in decisions
    ]
    return approval.progress(policy_of(promotion).approval.chain, made)


def problem(promotion: PromotionRequest) -> str | None:
    """Why the approval does not hold, in one sentence; None where it does."""
    if promotion.state not in PromotionRequest.VALID:
        return f"The promotion is {promotion.get_state_display()}, not approved."
    if promotion.valid_until is None or promotion.valid_until <= timezone.now():
        return "The approval has expired; it needs a new review."
    changed = _changed(promotion)
    if changed:
        return f"The {changed} is not the one that was approved."
    decisions = list(promotion.decisions.select_related("signer"))
    if not all(_genuine(promotion, decision) for decision in decisions):
        return "A signature on the request does not verify."
    if not progress(promotion, decisions).complete:
        return "Signatures that the policy asks for are missing."
    if not _independent(promotion, decisions):
        return "Somebody who had a part in the version, or is no person, has signed."
    valid_for = durations.parse(policy_of(promotion).approval.valid_for)
    if promotion.valid_until != durations.after(decisions[-1].signed_at, valid_for):
        return "The end of the approval is not the one that its last signature gives."
    return None


def duty_record(promotion: PromotionRequest, decisions: Iterable[Decision]) -> duties.DutyRecord:
    """Who has done what on the way to a request, as the record has it."""
    version = promotion.model_version
    return duties.DutyRecord(
        author=str(promotion.author_id),
        trainer=str(version.trained_by_id),
        uploader=str(version.dataset_version.uploaded_by_id),
        last_editor=None,
        author_team=promotion.author.team,
        trainer_team=version.trained_by.team,
        approvers=tuple(duties.Approver(str(made.signer_id), made.role, made.signer.team) for made in decisions),
    )


def require_valid(promotion: PromotionRequest) -> None:
    """Raises Stale where `problem` finds one."""
    found = problem(promotion)
    if found:
        raise Stale(found, remedy="Submit a new promotion request for this version.")


def _independent(promotion: PromotionRequest, decisions: list[Decision]) -> bool:
    """The duties of persons again; teams were judged at the signing, and people may change them later."""
    return all(
        made.signer.kind == User.Kind.PERSON
        and not duties.conflicts(str(made.signer_id), None, made.role, duty_record(promotion, decisions[:place]))
        for place, made in enumerate(decisions)
    )


def _changed(promotion: PromotionRequest) -> str | None:
    version = promotion.model_version
    record = records.digest(records.promotion(promotion, list(promotion.gates.all())))
    bound = {
        "artifact": (promotion.artifact_digest, version.artifact_digest),
        "data": (promotion.dataset_digest, version.dataset_version.digest),
        "policy": (promotion.policy_digest, grammar.digest(promotion.policy.document)),
        "evidence": (promotion.evidence_root, records.merkle_root(_standing(promotion))),
        "record": (promotion.record_digest, record),
    }
    return next((name for name, (approved, now) in bound.items() if approved != now), None)


def _standing(promotion: PromotionRequest) -> list[str]:
    """The bound figures that still say what they said; newer ones do not count here."""
    bound = set(promotion.evidence_digests)
    return [digest for digest in gating.digests(gating.evidence_about(promotion.model_version)) if digest in bound]


def _genuine(promotion: PromotionRequest, decision: Decision) -> bool:
    """Whether what people read in the row's columns is what was signed, and was signed about this request."""
    shown = {
        "promotion": str(promotion.pk),
        "record_digest": promotion.record_digest,
        "verdict": decision.verdict,
        "role": decision.role,
        "meaning": decision.meaning,
        "reason_digest": hashlib.sha256(decision.reason.encode()).hexdigest(),
        "signer": f"person:{decision.signer_id}",
        "printed_name": decision.printed_name,
        "signed_at": timestamp(decision.signed_at),
    }
    stated = decision.statement
    signature = signatures.Signature(public_key=decision.public_key, signature=decision.signature)
    return (
        decision.signed_digest == promotion.record_digest
        and shown == {name: stated.get(name) for name in shown}
        and signatures.verify(stated, signature)
    )
