"""The log of a job, line by line, for who watches it; bounded, because a loop may run away."""

from collections.abc import Iterable

from django.db.models import QuerySet

from registry.models import JobLine
from registry.models.base import Job

#: More than this nobody reads, and no worker can fill the table with.
LINES_AT_MOST, LETTERS_AT_MOST = 2_000, 500
PAGE_LINES = 500


def write(job: Job, text: str, *, level: str = JobLine.Level.INFO) -> None:
    """Add a line, shortened where it is long; beyond the last line that is kept, errors alone are added."""
    extend(job, [text], level=level)


def extend(job: Job, texts: Iterable[str], *, level: str = JobLine.Level.INFO) -> None:
    """Add lines of one level, in one statement."""
    room = LINES_AT_MOST - JobLine.objects.filter(job=job.pk).count()
    wanted = list(texts) if level == JobLine.Level.ERROR else list(texts)[: max(room, 0)]
    JobLine.objects.bulk_create(
        JobLine(job=job.pk, attempt=job.attempts, level=level, text=_short(text)) for text in wanted
    )


def after(job: Job, line: int) -> QuerySet[JobLine]:
    """The next lines after the one with this id; 0 for the first."""
    return JobLine.objects.filter(job=job.pk, id__gt=line)[:PAGE_LINES]


def newest(job: Job, count: int) -> list[JobLine]:
    """The last lines, oldest first."""
    return list(JobLine.objects.filter(job=job.pk).order_by("-id")[:count])[::-1]


def _short(text: str) -> str:
    plain = text.replace("\x00", "")
    return plain if len(plain) <= LETTERS_AT_MOST else f"{plain[: LETTERS_AT_MOST - 1]}…"
