"""Puts the parts together: settings, URLs, Celery, the error format, the stack's commands."""

from mlops_server.celery import app as celery_app

__all__ = ["celery_app"]
