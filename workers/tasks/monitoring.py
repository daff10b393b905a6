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
    monitors.check(pk, actor=context.worker())
