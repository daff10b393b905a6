"""How many heads and cosignatures there were when the log was last verified: a deleted one leaves no other trace."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import psycopg

from audit.models import Event
from audit.tlog import entry
from audit.tree import entries
from audit.watch.findings import Finding

_COUNTS = """
    SELECT (SELECT count(*) FROM audit_checkpoint WHERE size <= %(size)s),
        (SELECT count(*) FROM audit_cosignature WHERE size <= %(size)s)
"""


class Tally(NamedTuple):
    """The heads up to a size, and the cosignatures on them."""

    size: int = 0
    heads: int = 0
    cosignatures: int = 0


def last() -> Tally:
    """What the newest verification counted."""
    event = Event.objects.filter(event="log.verified").order_by("-ticket").first()
    if event is None:
        return Tally()
    data = entry.parse(entries.raw([event])[0])["data"]
    assert isinstance(data, Mapping)
    size, heads, cosignatures = (data.get(name, 0) for name in Tally._fields)
    return Tally(int(str(size)), int(str(heads)), int(str(cosignatures)))


def count(connection: psycopg.Connection[Any], size: int) -> Tally:
    """How many there are."""
    (found,) = connection.execute(_COUNTS, {"size": size}).fetchall()
    return Tally(size, *found)


def check(before: Tally, now: Tally) -> Iterator[Finding]:
    """Heads never go, and cosignatures are only added, to older heads too."""
    if now.heads != before.heads:
        expected, actual = f"{before.heads} heads up to size {before.size}, as the last verification", now.heads
        yield Finding("audit_checkpoint", "", "", expected, str(actual))
    if now.cosignatures < before.cosignatures:
        expected = f"{before.cosignatures} cosignatures up to size {before.size}, as the last verification"
        yield Finding("audit_cosignature", "", "", expected, str(now.cosignatures))


def carried(before: Tally, then: Tally, now: Tally) -> Tally:
    """What to record: the earlier number with what came since, so that one who is missing stays missing.

    then: what is there now of the earlier heads; now: of all.
    """
    heads = before.heads + now.heads - then.heads
    return Tally(now.size, heads, max(before.cosignatures, then.cosignatures) + now.cosignatures - then.cosignatures)
