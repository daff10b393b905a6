"""Passes of pipelines, moved on whenever a job of theirs ends; and the sweep that looks again."""

from celery import shared_task

from registry.services.pipelines import passes
from workers.tasks import context


@shared_task(name="workers.pipeline")
def advance(pk: str) -> None:
    """Take the next step, if the one before it is done."""
    passes.advance(pk, actor=context.worker())


@shared_task(name="workers.start_pipelines")
def start_due() -> int:
    """Start what its schedule says."""
    return passes.start_due(actor=context.worker()).done
