"""Reads the bytes of entries, wherever they are: in the database, or in the archive once they are old."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import fsspec
from django.conf import settings

from audit.models import ArchivedBundle, Event, Leaf
from audit.tlog import tiles


class ArchiveUnreadable(Exception):
    """A bundle in the archive is missing, or is not the one that was put there."""


def raw(events: Iterable[Event]) -> list[bytes]:
    """The exact bytes of each event's entry, in the order given. Raises ArchiveUnreadable."""
    wanted = list(events)
    archived = _archived([event.ticket for event in wanted if event.leaf is None])
    return [archived[event.ticket] if event.leaf is None else bytes(event.leaf) for event in wanted]


def bundle(n: int) -> list[bytes] | None:
    """The 256 entries of a bundle that is in the archive; None where it is not. Raises ArchiveUnreadable."""
    row = ArchivedBundle.objects.filter(n=n).first()
    if row is None:
        return None
    # Whoever can write a row must not choose what this process fetches, and from where.
    if row.url != address(n):
        raise ArchiveUnreadable(
            f"Bundle {n} is said to be at {row.url!r}; under AUDIT_ARCHIVE_URL it is at {address(n)}."
        )
    return list(_read(row.url, bytes(row.digest)))


def address(n: int) -> str:
    """Where a bundle stands in the archive."""
    return f"{settings.AUDIT_ARCHIVE_URL.rstrip('/')}/{tiles.bundle_path(n)}"


def _archived(tickets: Sequence[int]) -> Mapping[int, bytes]:
    if not tickets:
        return {}
    found = {}
    for ticket, index in Leaf.objects.filter(ticket__in=tickets).order_by("index").values_list("ticket", "index"):
        n, place = divmod(index, tiles.WIDTH)
        entries = bundle(n)
        if entries is None:
            raise ArchiveUnreadable(f"The bytes of entry {index} are neither in the database nor in the archive.")
        found[ticket] = entries[place]
    if len(found) < len(set(tickets)):
        raise ArchiveUnreadable("An event has neither its entry's bytes nor a place in the log.")
    return found


@lru_cache(maxsize=64)
def _read(url: str, digest: bytes) -> tuple[bytes, ...]:
    """Content-addressed, and so never stale."""
    files, path = fsspec.core.url_to_fs(url)
    try:
        data = bytes(files.cat_file(path))
    except OSError as problem:
        raise ArchiveUnreadable(f"The archive does not give {url}: {problem}") from problem
    if hashlib.sha256(data).digest() != digest:
        raise ArchiveUnreadable(f"The bundle {url} was changed in the archive.")
    return tuple(tiles.decode_bundle(data))
