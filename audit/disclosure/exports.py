"""The log as others take it in: JSON Lines, OCSF or CEF in the order of the tree, in bounded memory; or as C2SP files.

Read by place, so that nothing can appear behind the reader: the next export begins where this one ended.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import orjson
from django.db import connection

from audit import log
from audit.actors import Actor
from audit.disclosure import ocsf
from audit.log_events import LogExported
from audit.models import Checkpoint
from audit.outside import published, publisher
from audit.tlog import checkpoint, note
from audit.tlog.tiles import WIDTH
from audit.tree import entries, proofs
from audit.tree.search import TOLERANCE

STEP = 512
_ROWS = """
    SELECT leaf.index, leaf.hash, event.leaf FROM audit_leaf leaf JOIN audit_event event USING (ticket)
    WHERE leaf.index >= %s AND leaf.index < %s AND (%s::timestamptz IS NULL OR event.at >= %s)
        AND (%s::timestamptz IS NULL OR event.at < %s)
    ORDER BY leaf.index
"""


@dataclass(frozen=True)
class Range:
    """The entries from `first` up to `end` under one signed head, and of these the ones within a range of time."""

    head: Checkpoint
    first: int
    end: int
    since: datetime | None = None
    until: datetime | None = None

    @cached_property
    def origin(self) -> str:
        """The name under which the log signed the head."""
        return checkpoint.parse(note.text_of(self.head.note.encode())).origin


Line = Callable[["Range", int, bytes, bytes], bytes]


def covering(since: int | datetime | None = None, until: int | datetime | None = None) -> Range:
    """What lies between two places, or between two moments, under the newest signed head.

    By time it begins at a head that was signed well before the moment: what is under it was written before that.
    Raises NotSequenced.
    """
    head = proofs.latest()
    first = since if isinstance(since, int) else _first_place(since) if since else 0
    if head is None or first > head.size:
        raise proofs.NotSequenced(f"No signed tree head reaches entry {first} yet.")
    end = min(until, head.size) if isinstance(until, int) else head.size
    moments = [place if isinstance(place, datetime) else None for place in (since, until)]
    return Range(head, first, end, *moments)


def record(taken: Range, *, form: str, actor: Actor) -> None:
    """Put on record that an export leaves. Records log.exported; in the caller's transaction."""
    event = LogExported(format=form, first=taken.first, end=taken.end)
    log.record(event, subject=log.Subject("log", taken.origin), actor=actor)


def lines(taken: Range, form: str) -> Iterator[bytes]:
    """The entries one a line, a few hundred in memory at a time. Raises ArchiveUnreadable."""
    line = FORMS[form]
    for start in range(taken.first, taken.end, STEP):
        for index, leaf_hash, raw in _rows(taken, start, min(start + STEP, taken.end)):
            yield line(taken, index, bytes(leaf_hash), bytes(raw) if raw else _archived(index)) + b"\n"


def write_tree(folder: Path, head: Checkpoint) -> None:
    """The whole log under a head as C2SP tlog-tiles files in an empty folder. Raises FileExistsError, NotPublishable.

    `python -m audit.tlog.verify FOLDER --key FILE` checks it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; a log is written into a folder of its own.")
    tree = published.Folder(folder)
    publisher.write_tree(tree, 0, head.size)
    tree.show(proofs.signed_note(head).encode())


def _rows(taken: Range, start: int, end: int) -> list[tuple[int, bytes, bytes | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [start, end, taken.since, taken.since, taken.until, taken.until])
        rows: list[tuple[int, bytes, bytes | None]] = cursor.fetchall()
    return rows


def _archived(index: int) -> bytes:
    bundle = entries.bundle(index // WIDTH)
    if bundle is None:
        raise entries.ArchiveUnreadable(f"The bytes of entry {index} are neither in the database nor in the archive.")
    return bundle[index % WIDTH]


def _first_place(moment: datetime) -> int:
    """The size of the newest head that was signed before the moment, with room for clocks that disagree."""
    before = Checkpoint.objects.filter(at__lt=moment - TOLERANCE).order_by("-size").values_list("size", flat=True)
    return before.first() or 0


def _jsonl(taken: Range, index: int, leaf_hash: bytes, raw: bytes) -> bytes:
    """The entry's own bytes inside the line: what follows `"entry":` up to the last brace hashes to `leaf_hash`."""
    return b'{"index":%d,"leaf_hash":"%s","entry":%s}' % (index, leaf_hash.hex().encode(), raw)


def _ocsf(taken: Range, index: int, leaf_hash: bytes, raw: bytes) -> bytes:
    return orjson.dumps(ocsf.event(orjson.loads(raw), raw, index=index, origin=taken.origin))


def _cef(taken: Range, index: int, leaf_hash: bytes, raw: bytes) -> bytes:
    return ocsf.cef(orjson.loads(raw), index=index, leaf_hash=leaf_hash.hex()).encode()


#: What a line is made of, by the format's name.
FORMS: dict[str, Line] = {"jsonl": _jsonl, "ocsf": _ocsf, "cef": _cef}
