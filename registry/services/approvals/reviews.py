"""Looks that must be taken again: when an approval has stood for a while, ends soon, or its grounds have moved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import Event, timestamp
from registry import events
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted
from registry.gates import durations, duties
from registry.gates.policy import Separation
from registry.models import Emergency, ModelVersion, PeriodicReview, PromotionRequest, User
from registry.permissions import require, roles
from registry.roles import ROLES_FOR, Action
from registry.services import refusals, sweeping
from registry.services.approvals import approvals
from registry.services.duties.duties import makers_of, registering
from registry.services.rows import match_revision

Cause, State = PeriodicReview.Cause, PeriodicReview.State
#: How long before its date a review is asked for.
AHEAD = timedelta(days=14)
EXPIRING = timedelta(days=30)
AFTER_EMERGENCY = timedelta(hours=72)
LONGEST_EXTENSION = timedelta(days=14)


def schedule(promotion: PromotionRequest, *, actor: Actor) -> None:
    """The reviews of a version that has just taken its slot, in the caller's transaction. Records review.opened."""
    schedule_next(promotion, actor=actor)
    ends = promotion.valid_until
    if ends is not None:
        due = max(timezone.now(), ends - EXPIRING)
        _open(Cause.EXPIRING, due_at=due, lapses_at=ends, actor=actor, promotion=promotion)


def schedule_next(promotion: PromotionRequest, *, actor: Actor) -> None:
    """The next periodic review, where the policy wants one before the approval ends. Records review.opened."""
    every, ends = approvals.policy_of(promotion).approval.review_every, promotion.valid_until
    if every is None:
        return
    due = durations.after(timezone.now(), durations.parse(every))
    if ends is None or due < ends:
        _open(Cause.PERIODIC, due_at=due, lapses_at=grace_ends(promotion, due), actor=actor, promotion=promotion)


def reopen(promotion: PromotionRequest, *, actor: Actor) -> None:
    """Ask again, at once, for the periodic review that nobody answered: the approval counts again without it.

    In the caller's transaction. Records review.opened.
    """
    now, periodic = timezone.now(), promotion.reviews.filter(cause=Cause.PERIODIC)
    if periodic.filter(state=State.LAPSED).exists() and not periodic.filter(state__in=PeriodicReview.OPEN).exists():
        lapses = grace_ends(promotion, now)
        _open(Cause.PERIODIC, due_at=now, lapses_at=lapses, actor=actor, promotion=promotion, state=State.DUE)


def open_stale(promotion: PromotionRequest, *, detail: str, actor: Actor) -> None:
    """The review of what serves on grounds that have moved, in the caller's transaction. Records review.opened."""
    now = timezone.now()
    lapses = grace_ends(promotion, now)
    due = now + (lapses - now) / 2
    _open(Cause.STALE, due_at=due, lapses_at=lapses, actor=actor, promotion=promotion, detail=detail, state=State.DUE)


def open_emergency(emergency: Emergency, *, actor: Actor) -> PeriodicReview:
    """The review that each break-glass must have within 72 hours. Records review.opened."""
    due, lapses = emergency.ends_at, emergency.opened_at + AFTER_EMERGENCY
    return _open(Cause.EMERGENCY, due_at=due, lapses_at=lapses, actor=actor, emergency=emergency, state=State.DUE)


def grace_ends(promotion: PromotionRequest, since: datetime) -> datetime:
    """The end of the time in which the policy wants an approval reviewed again."""
    return durations.after(since, durations.parse(approvals.policy_of(promotion).approval.re_review_within))


def close(promotion: PromotionRequest, *, outcome: str, actor: Actor) -> None:
    """Nothing is left to review: the approval ended, or another took its place. Records review.completed for each."""
    for review in promotion.reviews.filter(state__in=PeriodicReview.OPEN).select_for_update():
        settle(review, outcome=outcome, actor=actor)


def settle(
    review: PeriodicReview, *, outcome: str, actor: Actor, reason: str = "", signature: str | None = None
) -> None:
    """Write a locked review's outcome, in the caller's transaction. Records review.completed."""
    review.state, review.outcome, review.revision = State.COMPLETED, outcome, review.revision + 1
    review.completed_at = timezone.now()
    review.completed_by = actor.account if isinstance(actor.account, User) else None
    review.save()
    event = events.ReviewCompleted(outcome=outcome, signature=signature)
    log.record(event, subject=review, actor=actor, reason=reason)


def lapse(review: PeriodicReview, *, actor: Actor) -> None:
    """Nobody reviewed in time, in the caller's transaction. Records review.lapsed."""
    _move(review, State.LAPSED, events.ReviewLapsed(), actor)


def extend(review: PeriodicReview, *, days: int, reason: str, revision: int, actor: Actor) -> PeriodicReview:
    """Give a review some more days, once, 14 at most and never past the end of the approval.

    Records review.extended, or review.refused. Raises Conflict, Invalid, NotPermitted, DutyConflict, RevisionMismatch.
    """

    def lock() -> PeriodicReview:
        return PeriodicReview.objects.select_for_update().get(pk=review.pk)

    def work(locked: PeriodicReview) -> None:
        check_reviewer(locked, actor)
        match_revision(locked.revision, revision)
        locked.lapses_at, locked.extended, locked.revision = _extended(locked, days), True, locked.revision + 1
        locked.save()
        event = events.ReviewExtended(lapses_at=timestamp(locked.lapses_at))
        log.record(event, subject=locked, actor=actor, reason=reason)

    return refusals.recorded(lock, work, refused=lambda rule: events.ReviewRefused(rule=rule), actor=actor)


def fall_due(*, actor: Actor) -> sweeping.Swept:
    """Ask for reviews whose time has come, and say which are overdue. Records review.due, review.overdue."""
    now = timezone.now()
    due = Q(state=State.SCHEDULED, due_at__lte=now + AHEAD)
    overdue = Q(state__in=[State.SCHEDULED, State.DUE], due_at__lte=now)
    return sweeping.each(PeriodicReview.objects.filter(due | overdue), lambda pk: _fall_due(pk, now, actor))


def check_reviewer(review: PeriodicReview, actor: Actor) -> str:
    """The role in which somebody may answer a review: one who signs, and had no part in the version.

    Raises NotPermitted, DutyConflict.
    """
    version = about(review).model_version
    account = require(actor, Action.DECIDE, version.model.system)
    role = sorted(roles(account, version.model.system) & ROLES_FOR[Action.DECIDE])[0]
    if review.emergency is not None and review.emergency.opened_by_id == account.pk:
        raise DutyConflict("You broke the glass; somebody else reviews it.", remedy="Ask another reviewer.")
    check_independent(account, role, version, review.promotion)
    return role


def check_independent(account: User, role: str, version: ModelVersion, promotion: PromotionRequest | None) -> None:
    """Raises DutyConflict for who made the version or asked for its approval; whoever approved may look again."""
    if promotion is None:
        check_apart(account, role, made(version))
    else:
        rules = approvals.policy_of(promotion).approval.separation_of_duties
        check_apart(account, role, approvals.duty_record(promotion, []), rules)


def check_apart(account: User, role: str, record: duties.DutyRecord, rules: Sequence[Separation] = ()) -> None:
    """Raises DutyConflict for who has had a part in what the record tells of; NotPermitted for no person."""
    if account.kind != User.Kind.PERSON:
        raise NotPermitted("Only a person does this.", remedy="Sign in as yourself.")
    found = duties.conflicts(str(account.pk), account.team, role, record, rules)
    if found:
        raise DutyConflict(found[0], remedy="Ask somebody who had no part in it.")


def about(review: PeriodicReview) -> PromotionRequest | Emergency:
    """What a review looks at: an approval, or a break-glass."""
    found = review.promotion or review.emergency
    assert found is not None, "The database holds no review about nothing."
    return found


def made(version: ModelVersion) -> duties.DutyRecord:
    """Who has had a part in a version, whoever asked for its approval."""
    trainer, uploader = makers_of(version)
    return duties.DutyRecord(
        author=None,
        trainer=trainer,
        uploader=uploader,
        last_editor=None,
        behind=tuple(person for _, person in registering((trainer, uploader), version.model.system_id)),
    )


def _open(
    cause: str,
    *,
    due_at: datetime,
    lapses_at: datetime,
    actor: Actor,
    promotion: PromotionRequest | None = None,
    emergency: Emergency | None = None,
    **columns: Any,
) -> PeriodicReview:
    review = PeriodicReview(
        promotion=promotion, emergency=emergency, cause=cause, due_at=due_at, lapses_at=lapses_at, **columns
    )
    review.save(force_insert=True)
    event = events.ReviewOpened(
        cause=cause,
        promotion=str(promotion.pk) if promotion else None,
        emergency=str(emergency.pk) if emergency else None,
        due_at=timestamp(due_at),
        lapses_at=timestamp(lapses_at),
    )
    log.record(event, subject=review, actor=actor)
    return review


def _fall_due(pk: Any, now: datetime, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        open_ = PeriodicReview.objects.filter(pk=pk, state__in=[State.SCHEDULED, State.DUE])
        review = open_.select_for_update(skip_locked=True).first()
        if review is None:
            return False
        if review.due_at <= now:
            _move(review, State.OVERDUE, events.ReviewOverdue(), actor)
        elif review.state == State.SCHEDULED:
            _move(review, State.DUE, events.ReviewDue(), actor)
    return True


def _move(review: PeriodicReview, state: str, event: Event, actor: Actor) -> None:
    review.state, review.revision = state, review.revision + 1
    review.save()
    log.record(event, subject=review, actor=actor)


def _extended(review: PeriodicReview, days: int) -> datetime:
    """When the review lapses once it has been extended. Raises Conflict, Invalid."""
    if review.state not in PeriodicReview.OPEN:
        raise Conflict(f"The review is {review.get_state_display()}.")
    if review.extended:
        raise Conflict("The review was extended already.", remedy="Answer it.")
    if review.cause not in (Cause.PERIODIC, Cause.STALE):
        raise Conflict("Neither the end of an approval nor an after-review is put off.", remedy="Answer it in time.")
    if not 1 <= days <= LONGEST_EXTENSION.days:
        raise Invalid(f"A review is extended by 1 to {LONGEST_EXTENSION.days} days.", remedy="Ask for fewer.")
    lapses = review.lapses_at + timedelta(days=days)
    ends = review.promotion.valid_until if review.promotion else None
    return min(lapses, ends) if ends else lapses
