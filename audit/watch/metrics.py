"""Figures of the log for Prometheus, read from the database at each scrape, so that every process tells the same."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import Error, connection
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from audit.tlog import checkpoint, note
from audit.tlog.errors import TlogError

logger = structlog.get_logger(__name__)

#: Name, meaning and query of each figure that is one number; nothing is told where there is none.
_FIGURES = (
    ("audit_backlog_events", "Events that wait for their place in the log", "SELECT count(*) FROM audit_pending"),
    (
        "audit_merge_delay_seconds",
        "Age of the oldest event that waits for its place",
        """SELECT coalesce(extract(epoch FROM clock_timestamp() - (SELECT at FROM audit_event
        WHERE ticket = (SELECT min(ticket) FROM audit_pending))), 0)""",
    ),
    ("audit_log_size", "Entries under the newest signed head", "SELECT coalesce(max(size), 0) FROM audit_checkpoint"),
    (
        "audit_last_checkpoint_age_seconds",
        "Age of the newest signed head",
        "SELECT extract(epoch FROM clock_timestamp() - at) FROM audit_checkpoint ORDER BY size DESC LIMIT 1",
    ),
    (
        "audit_last_verification_age_seconds",
        "Age of the newest verification of the whole log",
        """SELECT extract(epoch FROM clock_timestamp() - finished_at) FROM audit_verification
        WHERE entries >= size ORDER BY id DESC LIMIT 1""",
    ),
    (
        "audit_verification_findings",
        "Findings of the newest verification, and of the newest of the whole log, whichever has more",
        """SELECT greatest(
            (SELECT finding_count FROM audit_verification ORDER BY id DESC LIMIT 1),
            (SELECT finding_count FROM audit_verification WHERE entries >= size ORDER BY id DESC LIMIT 1))""",
    ),
    (
        "audit_verification_incomplete",
        "Whether the newest verification could not look at everything",
        "SELECT (NOT complete)::int FROM audit_verification ORDER BY id DESC LIMIT 1",
    ),
    (
        "audit_archive_bundles",
        "Bundles of 256 entries in the archive",
        "SELECT count(*) FROM audit_archived_bundle",
    ),
)
_WITNESSES = """
    SELECT witness, (SELECT coalesce(max(size), 0) FROM audit_checkpoint) - max(size) FROM audit_cosignature
    GROUP BY witness
"""


class LogCollector(Collector):
    """Reads the figures; a database that is away is a figure too, never an error of the page."""

    def describe(self) -> Iterable[Metric]:
        """Nothing: else registering would ask the database, in processes that have none yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            found = list(self._stored())
        except Error as problem:
            logger.warning("the log's figures cannot be read", why=str(problem))
            found = []
        yield _gauge("audit_database_up", "Whether the log's tables could be read", float(bool(found)))
        yield from found
        yield from _published()

    def _stored(self) -> Iterator[Metric]:
        with connection.cursor() as cursor:
            for name, meaning, query in _FIGURES:
                cursor.execute(query)
                row = cursor.fetchone()
                if row is not None and row[0] is not None:
                    yield _gauge(name, meaning, row[0])
            lag = GaugeMetricFamily("audit_witness_lag", "Entries that a witness has not cosigned", labels=["witness"])
            cursor.execute(_WITNESSES)
            for witness, behind in cursor.fetchall():
                lag.add_metric([witness], float(behind))
            yield lag


def register() -> None:
    """Once a process."""
    REGISTRY.register(_COLLECTOR)


def _published() -> Iterator[Metric]:
    """The largest checkpoint under LOG_PUBLISH_DIR; nothing where this machine does not see the folder."""
    folder, found = Path(settings.LOG_PUBLISH_DIR), []
    for path in [folder / "checkpoint", *folder.glob("~*/checkpoint")]:
        try:
            size = checkpoint.parse(note.text_of(path.read_bytes())).size
            found.append((size, datetime.now(UTC).timestamp() - path.stat().st_mtime))
        except (OSError, TlogError):
            continue
    for size, age in sorted(found)[-1:]:
        yield _gauge("audit_published_size", "Entries under the published checkpoint", size)
        yield _gauge("audit_published_age_seconds", "Age of the published checkpoint", age)


def _gauge(name: str, meaning: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


_COLLECTOR = LogCollector()
