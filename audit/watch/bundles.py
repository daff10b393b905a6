"""What stands beside the entries: their tiles, and the bundles that went to the archive. No Django in here."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from audit.tlog import tiles
from audit.tlog.errors import TileError
from audit.watch.findings import Finding, differs

WIDTH = tiles.WIDTH
_ARCHIVED = "SELECT digest, url FROM audit_archived_bundle WHERE n = %s"
_TILE = "SELECT n, data FROM audit_tile WHERE level = 0 AND n >= %s AND n < %s"


class Archive:
    """Entries whose bytes left the database; keeps the bundle that it read last."""

    def __init__(self, connection: psycopg.Connection[Any], root: str) -> None:
        self._connection, self._root = connection, root.rstrip("/")
        self._n = -1
        self._entries: list[bytes] | None = None

    def entry(self, index: int) -> tuple[bytes | None, Finding | None]:
        """An entry's bytes, or what is wrong with its bundle, said once."""
        n, place = divmod(index, WIDTH)
        finding = None
        if n != self._n:
            self._n = n
            self._entries, finding = self._bundle(n)
        return (self._entries[place] if self._entries else None), finding

    def _bundle(self, n: int) -> tuple[list[bytes] | None, Finding | None]:
        with self._connection.cursor(binary=True) as cursor:
            row = cursor.execute(_ARCHIVED, [n]).fetchone()
        if row is None:
            first = n * WIDTH
            expected = f"the bundle of the entries from {first} on, which are without their bytes"
            return None, Finding("audit_archived_bundle", str(n), "", expected, "missing")
        digest, url = row
        address = f"{self._root}/{tiles.bundle_path(n)}"
        if url != address:  # what a row names is not fetched on its word alone
            return None, Finding("audit_archived_bundle", str(n), "url", repr(address), repr(url))
        try:
            raw = fetch(url)
            if hashlib.sha256(raw).digest() != digest:
                return None, differs(
                    "audit_archived_bundle", n, "digest", expected=hashlib.sha256(raw).digest(), actual=digest
                )
            return tiles.decode_bundle(raw), None
        except (OSError, ValueError, TileError) as problem:
            return None, Finding("audit_archived_bundle", str(n), "url", "that of a bundle", f"{url!r}: {problem}")


def fetch(url: str) -> bytes:
    """The bytes that stand there. Raises OSError, ValueError."""
    import fsspec  # slow to load, and most processes that import this have nothing to fetch

    files, path = fsspec.core.url_to_fs(url)
    return bytes(files.cat_file(path))


def tile_hashes(connection: psycopg.Connection[Any], first: int, last: int) -> dict[int, bytes]:
    """The leaf hashes that full tiles claim, by index."""
    found: dict[int, bytes] = {}
    with connection.cursor(binary=True) as cursor:
        for n, data in cursor.execute(_TILE, [first // WIDTH, -(-last // WIDTH)]):
            hashes = [data[start : start + 32] for start in range(0, len(data), 32)]
            found |= {n * WIDTH + place: one for place, one in enumerate(hashes) if len(one) == 32}
    return found


def compare_tile(
    place: tuple[int, int], stored: Sequence[bytes] | None, hashes: Sequence[bytes], root: bytes
) -> Iterator[Finding]:
    """Compare a tile with the hashes below it and with their root."""
    key = f"{place[0]}/{place[1]}"
    if stored is None:
        yield Finding("audit_tile", key, "", "a tile of a tree of this size", "missing")
        return
    data, stored_root = stored
    if data != b"".join(hashes):
        at = next((n for n, one in enumerate(hashes) if data[32 * n : 32 * n + 32] != one), len(hashes))
        actual = data[32 * at : 32 * at + 32]
        expected = hashes[at] if at < len(hashes) else "no further hash"
        yield differs("audit_tile", key, f"data, hash {at}", expected=expected, actual=actual)
    if stored_root != root:
        yield differs("audit_tile", key, "root", expected=root, actual=stored_root)
