"""Work that is asked for upwards: a message by task name, sent once the row that asks for it is committed."""

from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction


def enqueue(task: str, row: UUID, *, request: str = "") -> None:
    """Nudge a worker after commit. A lost message is found by the sweep; a doubled one by the row's state."""
    transaction.on_commit(partial(send, task, row, request=request))


def send(task: str, row: UUID | str, *, request: str = "") -> None:
    """Send the message now, with the request's id in its headers so that the worker's log lines carry it."""
    current_app.send_task(task, args=[str(row)], headers={"request_id": request}, ignore_result=True)
