"""Celery tasks: ids in, rows fetched, services called; no rules here."""

from workers.tasks import (
    evaluation,
    explaining,
    governance,
    ingestion,
    monitoring,
    notices,
    pipelines,
    reproduction,
    sources,
    training,
    trials,
    upkeep,
    watch,
)

__all__ = [
    "evaluation",
    "explaining",
    "governance",
    "ingestion",
    "monitoring",
    "notices",
    "pipelines",
    "reproduction",
    "sources",
    "training",
    "trials",
    "upkeep",
    "watch",
]
