"""Review tasks: the open step of a request as work for somebody, taken and given back, late and later."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import Conflict
from registry.gates import approval
from registry.gates.policy import Step
from registry.models import PromotionRequest, ReviewTask, User
from registry.permissions import require
from registry.roles import Action, Role
from registry.services import sweeping
from registry.services.sweeping import Swept

#: At the date deputies are told; after half as much time again, the risk officers.
DEPUTIES, RISK_OFFICERS = 1, 2


def open_step(promotion: PromotionRequest, step: Step, chain: Sequence[Step], *, now: datetime) -> ReviewTask:
    """The task of a step whose turn it is; its clock starts now. Saved with the caller's event about the promotion."""
    task = ReviewTask(
        promotion=promotion,
        round=promotion.round,
        position=chain.index(step),
        role=step.role,
        meaning=step.meaning,
        opened_at=now,
        due_at=approval.due_at(step, now),
    )
    task.save(force_insert=True)
    return task


def current(promotion: PromotionRequest) -> ReviewTask | None:
    """The open step's task, while somebody is asked."""
    return promotion.tasks.filter(closed_at=None).first()


def close(promotion: PromotionRequest, *, now: datetime | None = None) -> list[ReviewTask]:
    """Nobody is asked any more: the step has its signatures, or its round is over. With the caller's event."""
    rows = list(promotion.tasks.filter(closed_at=None))
    for task in rows:
        task.closed_at = now or timezone.now()
        task.save()
    return rows


def free(promotion: PromotionRequest, person: User) -> list[ReviewTask]:
    """The open task is nobody's again, where it was this person's. With the caller's event."""
    rows = list(promotion.tasks.filter(closed_at=None, assignee=person))
    for task in rows:
        task.assignee = None
        task.save()
    return rows


def unclaim(promotion: PromotionRequest, *, actor: Actor) -> ReviewTask:
    """Give back what one has taken. Records promotion.unclaimed. Raises Conflict, NotPermitted."""
    with transaction.atomic(durable=True):
        promotion = PromotionRequest.objects.select_for_update(no_key=True).get(pk=promotion.pk)
        rows = free(promotion, actor.account) if isinstance(actor.account, User) else []
        if not rows:
            require(actor, Action.DECIDE, promotion.slot.system)
            raise Conflict("The open step is not with you, so there is nothing to give back.")
        log.record(events.PromotionUnclaimed(role=rows[0].role), subject=promotion, actor=actor, also=rows)
    return rows[0]


def escalate_due(*, actor: Actor) -> Swept:
    """Tell more people where a step is late: each level once. Records promotion.escalated."""
    late = waiting().filter(due_at__lte=timezone.now(), escalation__lt=RISK_OFFICERS)
    return sweeping.each(late, lambda pk: _escalate(pk, actor))


def waiting() -> QuerySet[ReviewTask]:
    """Every task that somebody is asked to do now."""
    return ReviewTask.objects.filter(closed_at=None, promotion__state=PromotionRequest.State.IN_REVIEW)


def _escalate(pk: UUID, actor: Actor) -> bool:
    """False where somebody decides at this moment, or no further level is reached."""
    with transaction.atomic(durable=True):
        asking = PromotionRequest.objects.filter(tasks=pk, state=PromotionRequest.State.IN_REVIEW)
        promotion = asking.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
        task = current(promotion) if promotion else None
        if promotion is None or task is None or task.pk != pk:
            return False
        reached = range(task.escalation + 1, _level(task, timezone.now()) + 1)
        for level in reached:
            task.escalation = level
            task.save()
            role = task.role if level == DEPUTIES else Role.RISK_OFFICER
            event = events.PromotionEscalated(level=level, role=role)
            log.record(event, subject=promotion, actor=actor, also=[task])
    return bool(reached)


def _level(task: ReviewTask, now: datetime) -> int:
    """How far the step's time is over: at all, or by half as much again."""
    if task.due_at is None or now < task.due_at:
        return 0
    return RISK_OFFICERS if now >= task.due_at + (task.due_at - task.opened_at) / 2 else DEPUTIES
