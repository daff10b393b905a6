"""Old entries move to the archive: their bytes leave the database, their place, hashes and proofs stay.

First the bundle is written, read back and compared; then one transaction says so in the log, names the bundle and
empties the rows. A crash before it leaves a file that the next run finds and compares; nothing is ever only on its way.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import fsspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from fsspec.implementations.local import LocalFileSystem

from audit import log
from audit.actors import Actor
from audit.erasure import holds
from audit.log_events import EntriesArchived
from audit.tlog import checkpoint, merkle, note, tiles
from audit.tree import entries, proofs

AT_ONCE = 64  # bundles in one transaction
_DUE = """
    SELECT leaf.index / 256 AS n FROM audit_event event JOIN audit_leaf leaf ON leaf.ticket = event.ticket
    WHERE event.at < %s AND leaf.index / 256 < %s AND NOT EXISTS (
        SELECT FROM audit_archived_bundle bundle WHERE bundle.n = leaf.index / 256
    )
    GROUP BY 1 HAVING count(*) = 256 AND count(event.leaf) = 256 ORDER BY 1
"""
_HELD = """
    SELECT EXISTS (
        SELECT FROM audit_leaf leaf JOIN audit_event event ON event.ticket = leaf.ticket,
            audit_holds_over(event.id, ARRAY(SELECT person FROM audit_sealed WHERE audit_sealed.ticket = event.ticket))
        WHERE leaf.index >= %s AND leaf.index < %s
    )
"""
_ENTRIES = """
    SELECT leaf.hash, event.leaf FROM audit_leaf leaf JOIN audit_event event ON event.ticket = leaf.ticket
    WHERE leaf.index >= %s AND leaf.index < %s ORDER BY leaf.index
"""


class ArchiveRefused(Exception):
    """An entry is not what its hash says, or the archive does not give back what was written: nothing was moved."""


class Stored(NamedTuple):
    """A bundle in the archive."""

    n: int
    digest: bytes
    url: str


def cutoff() -> datetime:
    """Entries from before this moment may go."""
    return timezone.now() - timedelta(days=settings.AUDIT_ARCHIVE_AFTER_DAYS)


def archive(*, actor: Actor) -> list[int]:
    """Move every full bundle whose entries are all old enough and under no hold; returns their numbers.

    Records entries.archived, once for bundles in a row. Raises ArchiveRefused.
    """
    moved: list[int] = []
    for run in _in_a_row(due()):
        stored = [_store(n) for n in run]
        _take_over(stored, actor)
        moved += run
    return moved


def due() -> list[int]:
    """The bundles that may go now."""
    head = proofs.latest()
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [cutoff(), head.size // tiles.WIDTH if head else 0])
        return [n for (n,) in cursor.fetchall() if not _held(n)]


def _held(n: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [n * tiles.WIDTH, (n + 1) * tiles.WIDTH])
        (held,) = cursor.fetchone()
        return bool(held)


def _in_a_row(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Runs without a gap, none longer than AT_ONCE."""
    run: list[int] = []
    for n in numbers:
        if run and (n != run[-1] + 1 or len(run) == AT_ONCE):
            yield run
            run = []
        run.append(n)
    if run:
        yield run


def _store(n: int) -> Stored:
    """Write a bundle and read it back; what stands there already must be the same."""
    raw = tiles.encode_bundle(_entries(n))
    url = entries.address(n)
    files, path = fsspec.core.url_to_fs(url)
    if not files.exists(path):
        _write(files, path, raw)
    if files.cat_file(path) != raw:
        raise ArchiveRefused(f"{url} does not hold what was written to it, or another bundle stood there before.")
    return Stored(n, hashlib.sha256(raw).digest(), url)


def _entries(n: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [n * tiles.WIDTH, (n + 1) * tiles.WIDTH])
        rows = [(bytes(leaf_hash), bytes(raw)) for leaf_hash, raw in cursor.fetchall()]
    if any(merkle.leaf_hash(raw) != leaf_hash for leaf_hash, raw in rows):
        raise ArchiveRefused(f"An entry of bundle {n} is not what its hash says: run manage.py verify_log.")
    return [raw for _, raw in rows]


def _write(files: Any, path: str, raw: bytes) -> None:
    """So that nobody sees half a bundle under its name: object stores do it by themselves, files by renaming."""
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    if not isinstance(files, LocalFileSystem):
        files.pipe_file(path, raw)
        return
    draft = f"{path}.{secrets.token_hex(8)}"
    try:
        files.pipe_file(draft, raw)
        files.mv(draft, path)
    finally:
        with suppress(FileNotFoundError):
            files.rm_file(draft)


def _take_over(stored: Sequence[Stored], actor: Actor) -> None:
    """Say in the log where the bundles are, and empty the rows; the database checks all of it again."""
    digest = merkle.root([merkle.leaf_hash(one.digest) for one in stored])
    event = EntriesArchived(first_bundle=stored[0].n, last_bundle=stored[-1].n, digest=digest.hex())
    with transaction.atomic(durable=True):
        holds.wait()
        log.record(event, subject=log.Subject("log", _origin()), actor=actor)
        _empty_rows(stored)


def _empty_rows(stored: Sequence[Stored]) -> None:
    with connection.cursor() as cursor:
        for one in stored:
            cursor.execute("SELECT audit_archive(%s, %s, %s)", list(one))


def _origin() -> str:
    head = proofs.latest()
    assert head is not None  # there are full bundles
    return checkpoint.parse(note.text_of(head.note.encode())).origin
