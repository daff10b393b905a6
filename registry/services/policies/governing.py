"""Which policy governs a request where several apply, and what its signers must know beside the gates' answer."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from registry.errors import Invalid
from registry.gates import evaluate as gates
from registry.gates.policy import Policy
from registry.models import PolicyVersion, PromotionRequest
from registry.services.approvals import approvals
from registry.services.policies import policies

#: Between the gates' answer and what stands beside it in a headline.
BREAK = "\n"


def check(request: PromotionRequest) -> None:
    """Whether no other policy comes before the one that the request names. Raises Invalid."""
    found = _first(request)
    if found is not None:
        raise Invalid(_outranked(request, found), remedy=f"Name the policy {found}.")


def outranked(request: PromotionRequest) -> str | None:
    """Why the policy that the request names does not govern it now, in one sentence; None where it does.

    One applies also where that cannot be told: what is not known is no way around it.
    """
    found = _first(request)
    return None if found is None else _outranked(request, found)


def _first(request: PromotionRequest) -> PolicyVersion | None:
    """The policy in force that comes before the request's own."""
    own = approvals.policy_of(request).precedence
    higher = [(row, text) for row, text in _others(request, timezone.now()) if text.precedence > own]
    return max(higher, key=lambda one: (one[1].precedence, one[1].name))[0] if higher else None


def _outranked(request: PromotionRequest, first: PolicyVersion) -> str:
    theirs, own = approvals.parsed(first).precedence, approvals.policy_of(request).precedence
    return f"{first} applies to this request too, and comes first (precedence {theirs}, not {own})."


def headline(request: PromotionRequest, answer: str) -> str:
    """The gates' answer, and in lines of their own what the signers sign to have known."""
    return BREAK.join([answer, *_equals(request), *_rejected(request)])


def answered(headline: str) -> str:
    """What of a headline the gates said."""
    return headline.partition(BREAK)[0]


def _equals(request: PromotionRequest) -> Iterator[str]:
    """Policies of the same precedence: none of them comes first, so people say which fits."""
    own = approvals.policy_of(request).precedence
    names = sorted(str(row) for row, text in _others(request, timezone.now()) if text.precedence == own)
    if names:
        yield f"Applies as well and was not asked: {', '.join(names)}."


def _rejected(request: PromotionRequest) -> Iterator[str]:
    """Earlier requests for the same artifact in the same slot that people rejected, whichever version it was."""
    same = PromotionRequest.objects.filter(slot=request.slot, artifact_digest=request.artifact_digest)
    rejected = same.filter(state=PromotionRequest.State.REJECTED).exclude(pk=request.pk).order_by("id")
    for row in rejected:
        yield f"The same artifact was rejected for this slot before (request {row.pk})."


def _others(request: PromotionRequest, now: datetime) -> list[tuple[PolicyVersion, Policy]]:
    """Other policies in force that govern the request, or may."""
    rows = PolicyVersion.objects.filter(state=PolicyVersion.State.EFFECTIVE).exclude(name=request.policy.name)
    read = [(row, approvals.parsed(row)) for row in rows.order_by("name")]
    applying = [one for one in read if gates.applies(one[1], request.context, now).value is not False]
    return [one for one in applying if policies.not_in_force(one[0], now) is None]
