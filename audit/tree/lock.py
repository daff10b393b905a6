"""The one lock of the log's head: who holds it decides alone what comes next, and which key signs it."""

from django.db import connection

#: A batch takes a fraction of a second; a standby waits for its turn again and again.
WAIT_SECONDS = 30
ADVISORY_LOCK = 0x6D6C6F70734C4F47


def take() -> None:
    """Wait for the lock; it goes with the transaction.

    A statement of its own, so that every later snapshot sees what its last holder committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")  # who keeps it longer is said, not waited for
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
