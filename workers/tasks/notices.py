"""Events for others: webhooks, mail and chat."""

from celery import shared_task
from django.core.cache import cache

from registry.services.subscriptions import delivering, dispatching
from workers.tasks import context

_RUNNING = "workers.send_notices"
#: When a run ends that always has more to do, and after how long one counts as lost.
_RUN_SECONDS, _LOST_SECONDS = 20, 150


@shared_task(name="workers.send_notices")
def send_notices() -> int:
    """Find what is new for subscribers and tell what is due; how much was told.

    One run at a time: slow receivers must not take every worker from training. Two would do no harm.
    """
    if not cache.add(_RUNNING, 1, timeout=_LOST_SECONDS):
        return 0
    try:
        dispatching.dispatch()
        return delivering.deliver(actor=context.worker(), seconds=_RUN_SECONDS)
    finally:
        cache.delete(_RUNNING)


@shared_task(name="workers.forget_deliveries")
def forget_deliveries() -> int:
    """Forget deliveries that ended long ago."""
    return delivering.prune()
