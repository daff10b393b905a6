"""What keeps the house in order: lost jobs found, predictions sealed."""

from celery import shared_task

from registry.services import jobs, predictions
from workers.tasks import context


@shared_task(name="workers.sweep")
def sweep() -> int:
    """Find jobs whose message or worker was lost."""
    return jobs.sweep(actor=context.worker())


@shared_task(name="workers.seal_predictions")
def seal_predictions() -> int:
    """Fix the newest predictions in sealed batches."""
    return len(predictions.seal(actor=context.worker()))
