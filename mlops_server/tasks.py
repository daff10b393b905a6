"""Upkeep of the server's own rows."""

from celery import shared_task

from mlops_server import idempotency


@shared_task(name="mlops_server.forget_answers")
def forget_answers() -> int:
    """Drop answers kept for idempotency keys older than a day."""
    return idempotency.forget_old()
