"""Celery tasks: ids in, rows fetched, services called; no rules here."""

from workers.tasks import evaluation, governance, ingestion, monitoring, notices, training, upkeep, watch

__all__ = ["evaluation", "governance", "ingestion", "monitoring", "notices", "training", "upkeep", "watch"]
