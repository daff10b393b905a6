"""Bundles in the archive: each is one of those that an event of the log sent there, with the digest that it gives."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg

from audit.models import Event
from audit.tlog import entry, merkle
from audit.tree import entries
from audit.watch.findings import Finding, differs
from audit.watch.heads import PATIENCE

_TABLE = "audit_archived_bundle"
_BUNDLES = "SELECT n, digest, at FROM audit_archived_bundle ORDER BY n"


def check(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Compare the table with the log. What stands in the archive itself is read where entries are."""
    stored = {n: (bytes(digest), at) for n, digest, at in connection.execute(_BUNDLES, binary=True)}
    events = list(Event.objects.filter(event="entries.archived").order_by("ticket"))
    for event, raw in zip(events, entries.raw(events), strict=True):
        data: Any = entry.parse(raw)["data"]
        numbers = range(data["first_bundle"], data["last_bundle"] + 1)
        rows = {n: stored.pop(n) for n in numbers if n in stored}
        for n in numbers:
            if n not in rows:
                yield Finding(
                    _TABLE, str(n), "", f"a row: event {event.ticket} sent the bundle to the archive", "missing"
                )
            elif abs(rows[n][1] - event.at) > PATIENCE:
                yield differs(_TABLE, n, "at", expected=f"near {_moment(event.at)}", actual=_moment(rows[n][1]))
        root = merkle.root([merkle.leaf_hash(digest) for digest, _ in rows.values()]).hex()
        if root != data["digest"]:
            place = f"{numbers[0]} to {numbers[-1]}"
            yield Finding(_TABLE, place, "digest", f"digests with the root {data['digest'][:24]}…", f"{root[:24]}…")
    for n in stored:
        yield Finding(_TABLE, str(n), "n", "a bundle that an event sent to the archive", "none")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
