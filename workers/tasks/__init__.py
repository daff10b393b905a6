"""Celery tasks: ids in, rows fetched, services called; no rules here."""

from workers.tasks import evaluation, ingestion, monitoring, training, upkeep, watch

__all__ = ["evaluation", "ingestion", "monitoring", "training", "upkeep", "watch"]
