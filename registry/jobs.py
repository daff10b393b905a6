"""Work that is asked for upwards: a message by task name, sent once the row that asks for it is committed."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import transaction


def enqueue(task: str, row: UUID, *, request: str = "") -> None:
    """Nudge a worker after commit. A lost message is found by the sweep; a doubled one by the row's state."""
    transaction.on_commit(partial(send, task, row, request=request))


def send(task: str, row: UUID | str, *, request: str = "") -> None:
    """Send the message now, with the request's id in its headers so that the worker's log lines carry it."""
    current_app.send_task(task, args=[str(row)], headers={"request_id": request}, ignore_result=True)


def ask(task: str, arguments: Mapping[str, Any], *, queue: str, answer: str, about: Mapping[str, Any]) -> None:
    """Send work to a queue of another environment; a task of ours gets its answer, and what it is about.

    Nobody waits: a question that is lost has no answer, which whoever asked must be able to tell by the clock.
    """
    link = current_app.signature(answer, kwargs={"about": dict(about)}, queue=current_app.conf.task_default_queue)
    current_app.send_task(task, kwargs=dict(arguments), queue=queue, link=link, ignore_result=True)
