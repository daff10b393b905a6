"""Three axes instead of a stage: a version's lifecycle, its approval for each slot, its deployment in each slot."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from registry.models import ModelVersion, PromotionRequest, SlotAssignment

EXPIRING = timedelta(days=30)
State, Approval, Cause = PromotionRequest.State, PromotionRequest.Approval, SlotAssignment.Cause
#: Words of an approval that lets a version serve.
HOLDS = frozenset({"approved", "conditionally_approved", "expiring"})
_OPEN = {State.IN_REVIEW, State.CHANGES_REQUESTED}
_TAKEN_OUT = frozenset({Cause.ROLLED_BACK, Cause.WITHDRAWN, Cause.EMERGENCY_ENDED})
# Of each version in each slot the newest revision that names it, the one after it, and since when it held the place.
_PLACES = """
    SELECT DISTINCT ON (version.id, mine.slot_id)
        version.id, slot.key, mine.champion_id = version.id, after.cause, after.since, mine.canary_percent,
        (SELECT min(held.since) FROM registry_slotassignment held
            WHERE held.slot_id = mine.slot_id AND held.revision <= mine.revision AND held.revision > coalesce((
                SELECT max(other.revision) FROM registry_slotassignment other
                WHERE other.slot_id = mine.slot_id AND other.revision < mine.revision
                    AND CASE WHEN mine.champion_id = version.id THEN other.champion_id IS DISTINCT FROM version.id
                             ELSE other.canary_id IS DISTINCT FROM version.id END), 0))
    FROM unnest(%s::uuid[]) AS version(id)
    JOIN registry_slotassignment mine ON mine.champion_id = version.id OR mine.canary_id = version.id
    JOIN registry_slot slot ON slot.id = mine.slot_id
    LEFT JOIN registry_slotassignment after ON after.slot_id = mine.slot_id AND after.revision = mine.revision + 1
    ORDER BY version.id, mine.slot_id, mine.revision DESC
"""


@dataclass(frozen=True, slots=True)
class Approved:
    """The approval of a version for one slot.

    status: none, in_review, approved, conditionally_approved, expiring, expired, suspended, revoked or rejected.
    """

    slot: str
    status: str
    promotion: UUID
    valid_until: datetime | None
    stale_since: datetime | None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a version is in one slot: canary, serving, superseded, or rolled_back where it was taken out."""

    slot: str
    status: str
    since: datetime | None
    until: datetime | None
    percent: int


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a version stands."""

    lifecycle: str
    approval: list[Approved] = field(default_factory=list)
    deployment: list[Deployed] = field(default_factory=list)


def of(versions: Iterable[ModelVersion]) -> dict[UUID, Axes]:
    """The three axes of each version, in two queries, however many there are."""
    found = {version.pk: Axes(version.lifecycle) for version in versions}
    for version, approved in _approvals(list(found)):
        found[version].approval.append(approved)
    for version, deployed in _deployments(list(found)):
        found[version].deployment.append(deployed)
    return found


def serving_in(key: str) -> list[UUID]:
    """The versions that a slot serves now, the canary included."""
    current = SlotAssignment.objects.filter(slot__key=key).values_list("champion", "canary").first()
    return [version for version in current or () if version]


def status(promotion: PromotionRequest, now: datetime) -> str:
    """What one request says about the approval, as of now: an approval whose time is over has expired by itself."""
    if promotion.state == State.REJECTED or promotion.approval == Approval.REJECTED:
        return "rejected"
    if promotion.approval in PromotionRequest.STANDING:
        return _standing(promotion, now)
    if promotion.approval != Approval.NONE:
        return promotion.approval
    return "in_review" if promotion.state in _OPEN else "none"


def _standing(promotion: PromotionRequest, now: datetime) -> str:
    if promotion.state not in PromotionRequest.VALID:
        return "none"
    if promotion.valid_until is None or promotion.valid_until <= now:
        return "expired"
    return "expiring" if promotion.valid_until - now <= EXPIRING else promotion.approval


def _approvals(versions: list[UUID]) -> Iterator[tuple[UUID, Approved]]:
    """Of each version and slot the newest request that holds, else the newest: a renewal under way ends none."""
    now, made = timezone.now(), defaultdict[tuple[UUID, str], list[Approved]](list)
    requests = PromotionRequest.objects.filter(model_version__in=versions).select_related("slot")
    for row in requests.only("model_version", "slot__key", "state", "approval", "valid_until", "stale_since"):
        approved = Approved(row.slot.key, status(row, now), row.pk, row.valid_until, row.stale_since)
        made[row.model_version_id, row.slot.key].append(approved)
    for (version, _), newest_first in sorted(made.items(), key=lambda one: one[0][1]):
        yield version, next((one for one in newest_first if one.status in HOLDS), newest_first[0])


def _deployments(versions: list[UUID]) -> Iterator[tuple[UUID, Deployed]]:
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [versions])
        rows = cursor.fetchall()
    for version, slot, champion, left_by, until, percent, since in sorted(rows, key=lambda row: str(row[1])):
        if left_by is None:
            word = "serving" if champion else "canary"
        else:
            word = "rolled_back" if left_by in _TAKEN_OUT else "superseded"
        yield version, Deployed(slot, word, since, until, percent if word == "canary" else 0)
