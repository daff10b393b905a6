"""The watch over the log."""

from celery import shared_task

from audit.watch import selfcheck, verifications
from registry.services import predictions
from workers.tasks import context

EXTRA: dict[str, selfcheck.Check] = {"sealed predictions": predictions.changed_batches}


@shared_task(name="workers.verify_log")
def verify_log() -> int:
    """Everything, in this one process: Celery's children may have none of their own."""
    return verifications.verify(actor=context.worker(), extra=EXTRA).finding_count


@shared_task(name="workers.verify_recent")
def verify_recent() -> int:
    """What is new since the last clean verification."""
    found = verifications.verify_recent(actor=context.worker(), extra=EXTRA)
    return found.finding_count if found else 0
