"""What waits for a person's signature, the most urgent first, and what waits for others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from registry.admin.serving import deployments
from registry.gates.approval import Progress
from registry.models import AISystem, Finding, Grant, Incident, PeriodicReview, PromotionRequest, User, Waiver
from registry.permissions import visible_systems
from registry.roles import Role
from registry.services.approvals import approvals

SOON = timedelta(hours=48)
EXPIRING = timedelta(days=30)
DUE = (PeriodicReview.State.DUE, PeriodicReview.State.OVERDUE)
TIERS = {AISystem.RiskTier.HIGH: 0, AISystem.RiskTier.LIMITED: 1, AISystem.RiskTier.MINIMAL: 2}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in review: whose signature is next, who must sign after, and whether it is late or soon will be."""

    request: PromotionRequest
    role: str
    others: str
    mine: bool
    overdue: bool
    soon: bool


def waiting(account: User) -> list[Waiting]:
    """Every request in review that the account may read: the overdue first, then by risk tier, then the oldest.

    Four queries, however many requests.
    """
    rows = (
        _readable(account)
        .filter(state=PromotionRequest.State.IN_REVIEW)
        .select_related("model_version__model", "slot__system", "policy", "author")
        .prefetch_related("decisions")
        .defer("evidence_digests")
    )
    held, now = _held(account), timezone.now()
    found = [_waiting(row, held, now) for row in rows]
    return sorted(
        found, key=lambda one: (not one.overdue, TIERS[AISystem.RiskTier(_tier(one))], one.request.created_at)
    )


def expiring(account: User) -> QuerySet[PromotionRequest]:
    """Approvals by which something serves now and that end soon, or have ended."""
    serving = deployments.newest().values("champion_promotion")
    return _readable(account).filter(pk__in=serving, valid_until__lte=timezone.now() + EXPIRING)


def afterwards(account: User) -> dict[str, int]:
    """How much is left to do about what was decided: reviews, incidents, one's own findings, waivers that end soon.

    Four queries, however many rows.
    """
    mine, soon = visible_systems(account), timezone.now() + EXPIRING
    there = Q(promotion__slot__system__in=mine) | Q(emergency__slot__system__in=mine)
    reviews = PeriodicReview.objects.filter(there, state__in=DUE)
    incidents = Incident.objects.filter(system__in=mine).exclude(state=Incident.State.CLOSED)
    findings = Finding.objects.filter(owner=account, model_version__model__system__in=mine)
    waivers = Waiver.objects.filter(promotion__slot__system__in=mine, state=Waiver.State.ACTIVE, expires_at__lte=soon)
    return {
        "reviews": reviews.count(),
        "incidents": incidents.count(),
        "findings": findings.exclude(state__in=Finding.SETTLED).count(),
        "waivers": waivers.count(),
    }


def _readable(account: User) -> QuerySet[PromotionRequest]:
    return PromotionRequest.objects.filter(slot__system__in=visible_systems(account))


def _held(account: User) -> dict[UUID | None, set[str]]:
    """The account's roles by system; those for every system under None."""
    found: dict[UUID | None, set[str]] = defaultdict(set)
    for role, system in Grant.objects.held().filter(account=account).values_list("role", "system"):
        found[system].add(role)
    return found


def _waiting(row: PromotionRequest, held: dict[UUID | None, set[str]], now: datetime) -> Waiting:
    progress = approvals.progress(row, list(row.decisions.all()))
    role = progress.next_step.role if progress.next_step else ""
    mine = role in held[None] or role in held[row.slot.system_id]
    due = row.due_at
    return Waiting(
        request=row,
        role=Role(role).label if role else "",
        others=_others(progress),
        mine=mine,
        overdue=due is not None and due < now,
        soon=due is not None and now <= due < now + SOON,
    )


def _others(progress: Progress) -> str:
    """Who must sign once the open step has its signature."""
    left: Sequence[tuple[str, int]] = progress.missing
    rest = [(role, count - (index == 0)) for index, (role, count) in enumerate(left)]
    return ", ".join(
        f"{count} × {Role(role).label}" if count > 1 else Role(role).label for role, count in rest if count
    )


def _tier(one: Waiting) -> str:
    return one.request.slot.system.tier_in_force
