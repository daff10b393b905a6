"""The one lock of the log's head: who holds it decides alone what comes next, and which key signs it."""

from django.db import connection

ADVISORY_LOCK = 0x6D6C6F70734C4F47


def take() -> None:
    """Wait for the lock; it goes with the transaction.

    A statement of its own, so that every later snapshot sees what its last holder committed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
