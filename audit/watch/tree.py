"""The tree above the spans: its upper tiles, and the root and the keys of every head. No Django in here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from audit.tlog import note, tiles
from audit.tlog.chronicle import Chronicle
from audit.watch import bundles, heads, pyramid, spans
from audit.watch.findings import Finding, differs

_SIZES = """
    SELECT (SELECT coalesce(max(index) + 1, 0) FROM audit_leaf), (SELECT coalesce(max(size), 0) FROM audit_checkpoint),
        (SELECT count(*) FROM audit_leaf)
"""
_UPPER = "SELECT level, n, data, root FROM audit_tile WHERE level > 0"
_LOWEST_ROOTS = "SELECT root FROM audit_tile WHERE level = 0 AND n < %s ORDER BY n"


def size(connection: psycopg.Connection[Any]) -> int:
    """How many entries to look at. A forged index or size must not send the search beyond the rows that there are."""
    (found,) = connection.execute(_SIZES).fetchall()
    by_index, by_head, rows = found
    return int(max(0, min(max(by_index, by_head), rows + 4 * spans.LENGTH)))


@dataclass(slots=True)
class Tree:
    """Takes spans in their order, compares heads with the roots that follow from them, and the tiles above."""

    keys: Sequence[note.Verifier]
    #: Keys believed from the start; others must have been announced under a head that a believed one signed.
    believed: set[note.Verifier]
    chronicle: Chronicle
    roots: list[bytes] = field(default_factory=list)
    signed: list[tuple[int, frozenset[note.Verifier]]] = field(default_factory=list)
    _spans: list[bytes] = field(default_factory=list)
    _last: heads.Head | None = None

    def begin(self, connection: psycopg.Connection[Any], first: int) -> None:
        """Take the tree before entry `first`, where a span begins, from its tiles; the heads after it prove them."""
        rows = connection.execute(_LOWEST_ROOTS, [first // tiles.WIDTH], binary=True)
        self.roots = [bytes(root) for (root,) in rows]
        step = spans.LENGTH // tiles.WIDTH
        for start in range(0, len(self.roots), step):
            row = self.roots[start : start + step]
            self._spans.append(pyramid.root(pyramid.over(row), len(row)))

    def take(self, checked: spans.Checked) -> Iterator[Finding]:
        """The next span: the root of each of its heads."""
        left = pyramid.over(self._spans)
        for head in checked.signed:
            root = pyramid.root(left, len(self._spans), after=head.within)
            if root != head.root:
                yield differs("audit_checkpoint", head.size, "note, root", expected=root, actual=head.root)
            self.signed.append((head.size, frozenset(self.keys[number] for number in head.signers)))
            yield from self._time(head)
        self.roots += checked.roots
        self._spans.append(checked.root)

    def _time(self, head: heads.Head) -> Iterator[Finding]:
        """A head cannot be later than the one that followed it."""
        last, self._last = self._last, head
        if last is not None and last.at > head.at + heads.PATIENCE:
            expected = f"before the next head's, {head.at}"
            yield differs("audit_checkpoint", last.size, "at", expected=expected, actual=str(last.at))

    def finish(self, connection: psycopg.Connection[Any]) -> Iterator[Finding]:
        """The last head's time, the tiles above the lowest ones, and whose signatures the heads bear."""
        now = datetime.now(UTC)
        if self._last is not None and self._last.at > now + heads.PATIENCE:
            expected = f"before now, {now}"
            yield differs("audit_checkpoint", self._last.size, "at", expected=expected, actual=str(self._last.at))
        yield from self._upper_tiles(connection)
        yield from self._unbelieved()

    def _upper_tiles(self, connection: psycopg.Connection[Any]) -> Iterator[Finding]:
        stored = {
            (level, n): rest for level, n, *rest in connection.execute(_UPPER, binary=True)
        }  # one in 65,536 entries
        for tile in tiles.append([], 0, self.roots).full_tiles:
            place = (tile.level + 1, tile.n)
            yield from bundles.compare_tile(place, stored.get(place), tiles.decode_tile(tile.data), tile.root)

    def _unbelieved(self) -> Iterator[Finding]:
        believed = self._followed()
        for size, signers in self.signed:
            retired = {key: self.chronicle.retired[key].at_size for key in signers if key in self.chronicle.retired}
            in_use = {key for key in signers & believed if retired.get(key, size) >= size}
            if not in_use:
                names = ", ".join(f"{key.name}+{key.key_id.hex()}" for key in signers) or "no known key"
                why = f"by {names}, retired at size {max(retired.values())}" if retired else f"by {names}"
                yield Finding("audit_checkpoint", str(size), "note", "signed by a key of the log in use", why)

    def _followed(self) -> set[note.Verifier]:
        """The keys given, and those announced in an entry under a head that a believed key signed, and so on."""
        believed = set(self.believed)
        while True:
            known = max((size for size, signers in self.signed if signers & believed), default=0)
            new = {key for key, index in self.chronicle.announced.items() if index < known} - believed
            if not new:
                return believed
            believed |= new
