"""Monitors on their schedule."""

from celery import shared_task

from monitoring.services import monitors
from workers.tasks import context


@shared_task(name="workers.nudge_monitors")
def nudge_monitors() -> int:
    """Send a message for each monitor that is due."""
    return monitors.nudge_due()


@shared_task(name="workers.check_monitor")
def check_monitor(pk: str) -> None:
    """One look, if it is due."""
    from workers.tasks.at_hand import ModelsAtHand  # numba and pyarrow load with the first look

    monitors.check(pk, actor=context.worker(), models=ModelsAtHand())
