"""The Celery application; every task binds its request's id so that log lines can be followed across processes."""

import os
from typing import Any

import structlog
from celery import Celery, Task

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_server.settings")


class BoundTask(Task):
    """A task whose log lines carry the id of the request that asked for it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request_id = getattr(self.request, "request_id", None) or ""
        with structlog.contextvars.bound_contextvars(request_id=request_id, task=self.name):
            return super().__call__(*args, **kwargs)


app = Celery("mlops_server", task_cls=BoundTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["workers", "mlops_server"])


@app.on_after_finalize.connect
def _schedule(sender: Celery, **_: Any) -> None:
    """Beat copies this into its table at start."""
    from workers.schedule import SCHEDULE  # reads the settings, which must be complete by then

    sender.conf.beat_schedule = SCHEDULE
