"""Monitors on their schedule."""

from typing import Any

import structlog
from celery import shared_task

from monitoring.services import monitors
from workers.tasks import context

logger = structlog.get_logger(__name__)


@shared_task(name="workers.nudge_monitors")
def nudge_monitors() -> int:
    """Send a message for each monitor that is due."""
    return monitors.nudge_due()


@shared_task(name="workers.check_monitor")
def check_monitor(pk: str) -> None:
    """One look, if it is due."""
    from workers.tasks.at_hand import ModelsAtHand  # numba and pyarrow load with the first look

    monitors.check(pk, actor=context.worker(), models=ModelsAtHand())


@shared_task(name="workers.answer_look")
def answer_look(answer: dict[str, Any], *, about: dict[str, Any]) -> None:
    """What the worker for alibi-detect answers; it knows no row, and brings along what we told it."""
    monitors.answer(answer, about=about, actor=context.worker())


@shared_task(name="workers.calibrate_monitor")
def calibrate_monitor(pk: str) -> None:
    """How often the monitor rings without a reason, and how soon with one, where nobody has measured it."""
    from monitoring.services.calibrations import measuring  # as above
    from monitoring.services.profiles import Missing, References
    from workers.tasks.at_hand import ModelsAtHand

    actor = context.worker()
    try:
        measuring.measure(pk, references=References(actor, ModelsAtHand()), actor=actor)
    except Missing as missing:
        logger.info("a monitor cannot be calibrated", monitor=pk, why=str(missing))
