"""Checks one stretch of a log: its entries, their bundles, the lowest tiles. What one worker process does at a time."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from audit.tlog import entry, merkle, quickentry, tiles
from audit.tlog.errors import SourceError, TileError, TlogError
from audit.tlog.report import Finding
from audit.tlog.sources import Source
from audit.tlog.spelling import HASH_BYTES

BUNDLES = 64  # in one span: 16,384 entries
_ABOUT_THE_LOG = b'"type":"log"},"v":1}'  # how an entry whose subject is the log ends

_SUBJECT = re.compile(rb'"subject":\{"id":"([^"\\]+)","type":"([^"\\]+)"\},"v":1\}\Z')


class Span(NamedTuple):
    """Bundles `first` to `last` (exclusive) of a log of that size; `parse` asks for a look into each entry."""

    source: Source
    size: int
    first: int
    last: int
    parse: bool


@dataclass(slots=True)
class Checked:
    """What a span holds: the root of each full bundle, and the leaf hashes of a last one that is not full."""

    last: int
    roots: list[bytes] = field(default_factory=list)
    rest: list[bytes] = field(default_factory=list)
    entries: int = 0
    tiles: int = 0
    unread: list[int] = field(default_factory=list)  # bundles that are missing
    lost: int = 0  # bundles of which not even the hashes can be read
    told: list[tuple[int, bytes]] = field(default_factory=list)  # entries about the log itself
    findings: list[Finding] = field(default_factory=list)


def of(source: Source, size: int, *, parse: bool) -> Iterator[Span]:
    """The spans of a log of that size."""
    bundles = -(-size // tiles.WIDTH)
    for first in range(0, bundles, BUNDLES):
        yield Span(source, size, first, min(first + BUNDLES, bundles), parse)


def check(span: Span) -> Checked:
    """Hash every entry and compare every copy of every bundle and lowest tile. Raises SourceError, OSError."""
    checked = Checked(span.last)
    for n in range(span.first, span.last):
        width = min(tiles.WIDTH, span.size - n * tiles.WIDTH)
        hashes = _check_bundle(span, n, width, checked)
        if hashes is None:
            checked.lost += 1
            continue
        checked.tiles += 1
        checked.findings += compare_tile(span.source, 0, n, hashes)
        if width == tiles.WIDTH:
            checked.roots.append(merkle.root(hashes))
        else:
            checked.rest = list(hashes)
    return checked


def compare_tile(source: Source, level: int, n: int, hashes: Sequence[bytes]) -> Iterator[Finding]:
    """Compare every copy of a tile with the hashes it must hold."""
    path, width = tiles.tile_path(level, n), len(hashes)
    data = b"".join(hashes)
    found, differing = compare_copies(source, path, width, lambda known: data[: known * HASH_BYTES])
    if not {width, tiles.WIDTH} & found:
        yield Finding(path, "The tile is missing.")
    yield from differing


def compare_copies(
    source: Source, path: str, width: int, expected: Callable[[int], bytes], *, read: int | None = None
) -> tuple[set[int], list[Finding]]:
    """Compare copies of a tile or bundle, left from smaller trees or ahead of this one, as far as both go.

    read: the width of a copy that was read already. Returns the widths found, and a finding for each that differs.
    """
    found, findings = set(), []
    for copied_width in sorted({width, tiles.WIDTH, *source.partials(path)} - {read}):
        raw = source.read(copy_path(path, copied_width))
        if raw is None:
            continue
        found.add(copied_width)
        prefix = expected(min(width, copied_width))
        if not raw.startswith(prefix) or (copied_width <= width and raw != prefix):
            findings.append(Finding(copy_path(path, copied_width), "The file does not hold what the entries say."))
    return found, findings


def missing(n: int) -> Finding:
    """What is found where a bundle has no file."""
    return Finding(tiles.bundle_path(n), "The entry bundle is missing.")


def subjects(span: Span) -> list[tuple[str, str, bytes]] | None:
    """The subject and the leaf hash of each entry, None if one cannot be read. Raises SourceError, OSError.

    Entries must have passed `check` with `parse`.
    """
    found: list[tuple[str, str, bytes]] = []
    try:
        for n in range(span.first, span.last):
            bundle = read_bundle(span.source, n, min(tiles.WIDTH, span.size - n * tiles.WIDTH))
            if bundle is None:
                return None
            hashes = merkle.leaf_hashes(bundle[2])
            found += [(*_subject(raw), leaf) for raw, leaf in zip(bundle[2], hashes, strict=True)]
    except TlogError as problem:
        if isinstance(problem, SourceError):
            raise
        return None
    return found


def copy_path(path: str, width: int) -> str:
    """The path of a copy of that width, of the tile or bundle that stands at `path` when it is full."""
    return path if width == tiles.WIDTH else f"{path}.p/{width}"


def read_tile(source: Source, level: int, n: int, width: int) -> tuple[bytes, ...]:
    """The hashes that a tile claims. Raises TileError."""
    path = tiles.tile_path(level, n)
    for copied_width in sorted({width, tiles.WIDTH}):
        raw = source.read(copy_path(path, copied_width))
        if raw is not None:
            return tiles.decode_tile(raw, copied_width)[:width]
    raise TileError("The tile is missing.")


def read_bundle(source: Source, n: int, width: int) -> tuple[int, bytes, list[bytes]] | None:
    """The width and the bytes of a bundle's file, and its first `width` entries. None if missing. Raises TileError."""
    path = tiles.bundle_path(n)
    for copied_width in sorted({width, tiles.WIDTH}):
        raw = source.read(copy_path(path, copied_width))
        if raw is not None:
            return copied_width, raw, tiles.decode_bundle(raw, copied_width)[:width]
    return None


def _check_bundle(span: Span, n: int, width: int, checked: Checked) -> Sequence[bytes] | None:
    """The leaf hashes of a bundle; where it cannot be read, those that its tile claims, so that the search goes on."""
    path = tiles.bundle_path(n)
    try:
        bundle = read_bundle(span.source, n, width)
    except TileError as problem:
        checked.findings.append(Finding(path, str(problem)))
        return _claimed_hashes(span.source, n, width)
    if bundle is None:
        checked.unread.append(n)
        checked.findings.append(missing(n))
        return _claimed_hashes(span.source, n, width)
    read, raw, entries = bundle  # decoded whole, to the last byte: this copy needs no second look
    checked.findings += compare_copies(
        span.source, path, width, lambda known: tiles.encode_bundle(entries[:known]), read=read
    )[1]
    _look_into(span, n, raw, entries, checked)
    return merkle.leaf_hashes(entries)


def _look_into(span: Span, n: int, raw: bytes, entries: list[bytes], checked: Checked) -> None:
    checked.entries += len(entries)
    about_the_log = _ABOUT_THE_LOG in raw
    if not span.parse and not about_the_log:
        return
    for index, one in enumerate(entries, start=n * tiles.WIDTH):
        told = about_the_log and one.endswith(_ABOUT_THE_LOG)
        if not told and (not span.parse or quickentry.is_valid(one)):
            continue
        try:
            entry.parse(one)
        except TlogError as problem:
            checked.findings.append(Finding(f"{tiles.bundle_path(n)}, entry {index}", str(problem)))
            checked.entries -= 1
            continue
        if told:
            checked.told.append((index, one))


def _subject(raw: bytes) -> tuple[str, str]:
    """The subject of a valid entry: its last member but one, so that most need not be parsed to the bottom."""
    tail = _SUBJECT.match(raw, raw.rfind(b'"subject":{'))
    if tail:
        return tail[2].decode(), tail[1].decode()
    subject = entry.parse(raw)["subject"]
    assert isinstance(subject, dict)
    return str(subject["type"]), str(subject["id"])


def _claimed_hashes(source: Source, n: int, width: int) -> Sequence[bytes] | None:
    try:
        return read_tile(source, 0, n, width)
    except TileError:
        return None
