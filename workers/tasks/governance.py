"""What keeps governance moving by itself: each step in its own transactions, one after the other."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import shared_task
from django.db import DatabaseError

from audit.actors import Actor
from monitoring.services import alerts
from registry.errors import RegistryError
from registry.services import lifecycle, sweeping
from registry.services.approvals import findings, reviews
from registry.services.decisions import conditions, promotions, waivers
from registry.services.duties import tasks
from registry.services.policies import policies
from registry.services.slots import consequences, expiry, invariant
from workers.tasks import context

logger = structlog.get_logger(__name__)
Step = Callable[..., Any]

#: In this order: what is decided first may end an approval, and slots are settled when all that may end one has.
STEPS: dict[str, Step] = {
    "policies take effect": policies.take_effect,
    "requests lapse": promotions.lapse_due,
    "reviews of requests escalate": tasks.escalate_due,
    "waivers expire": waivers.expire_due,
    "conditions fall due": conditions.check_due,
    "risk acceptances end": findings.reopen_lapsed,
    "approvals expire": expiry.expire_due,
    "break-glass ends": expiry.end_due,
    "reviews fall due": reviews.fall_due,
    "reviews lapse": expiry.lapse_due,
    "suppressed alerts reopen": alerts.reopen_due,
    "alerts escalate": alerts.escalate_due,
    "alerts are acted on": alerts.respond_due,
    "slots are settled": consequences.follow,
}


@shared_task(name="workers.govern")
def govern() -> int:
    """One round over everything that is due; a step that fails is named and stops no other. The failures."""
    return sum(_failures(name, step, context.worker()) for name, step in STEPS.items())


@shared_task(name="workers.check_slots")
def check_slots() -> int:
    """What serves holds what it takes, or is stopped: the round first, so that what just ended is no breach."""
    govern()
    return invariant.check(actor=context.worker()).done


@shared_task(name="workers.sweep_artifacts")
def sweep_artifacts() -> None:
    """Remove the files of artifacts that were purged."""
    lifecycle.sweep(actor=context.worker())


def _failures(name: str, step: Step, actor: Actor) -> int:
    try:
        made = step(actor=actor)
    except (RegistryError, DatabaseError) as error:
        logger.error("governance step failed", step=name, error=repr(error))
        return 1
    if isinstance(made, sweeping.Swept):
        if made.done or made.failed:
            logger.info("governance step", step=name, done=made.done, failed=made.failed)
        return made.failed
    return 0
