"""Work on one row by one worker at a time, where no column of the row can say so."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(pk: str) -> Iterator[bool]:
    """Whether no other worker is at this row now; a worker that dies lets go with its connection."""
    key = int(pk.replace("-", "")[-15:], 16)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (held,) = cursor.fetchone()
        try:
            yield held
        finally:
            if held:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
