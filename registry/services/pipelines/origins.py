"""Which pass of a pipeline asked for a row, and at which step: it stands where a row names the request behind it.

A step looks for its row by this before it makes one: so a pass that was killed anywhere makes nothing twice.
"""

from registry import jobs
from registry.models.base import Job

PREFIX = "pipeline-run"
TASK = "workers.pipeline"


def of(pass_id: object, step: str) -> str:
    """The origin of what a step makes."""
    return f"{PREFIX}:{pass_id}:{step}"


def nudge(job: Job) -> None:
    """Tell the pass that waits for a job that it may go on; nothing where none does."""
    prefix, _, rest = job.request.partition(":")
    if prefix == PREFIX:
        jobs.send(TASK, rest.partition(":")[0], request=job.request)
