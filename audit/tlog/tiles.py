"""C2SP tlog-tiles: paths, entry bundles, growing a tree by its right edge, and proofs read from stored tiles.

Tile n of level l holds up to 256 hashes; hash i is the root over the 256**l entries from (n * 256 + i) * 256**l on.
The right edge of a tree is, per level, the list of hashes in its last, partial tile (empty where the tile is full).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from audit.tlog import merkle
from audit.tlog.errors import ProofError, TileError
from audit.tlog.spelling import HASH_BYTES

WIDTH = 256
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535
_HEIGHT = 8  # 2**8 == WIDTH
_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")

Fetch: TypeAlias = Callable[[list[tuple[int, int]]], Mapping[tuple[int, int], Sequence[bytes]]]


class TilePath(NamedTuple):
    """What a path asks for; level None is an entry bundle."""

    level: int | None
    n: int
    width: int


class FullTile(NamedTuple):
    """A tile that will never change: its 8,192 bytes, and its root, which is one hash of the level above."""

    level: int
    n: int
    data: bytes
    root: bytes


class Appended(NamedTuple):
    """A tree after an append: the tiles it filled, its right edge, size and root."""

    full_tiles: list[FullTile]
    edge: list[list[bytes]]
    size: int
    root: bytes


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """``tile/0/x001/x234/067`` for tile 1234067 of level 0, with ``.p/<width>`` where it is partial."""
    if not 0 <= level <= MAX_LEVEL:
        raise TileError(f"A tile's level is between 0 and {MAX_LEVEL}, not {level}.")
    return f"tile/{level}/{_place(n, width)}"


def bundle_path(n: int, width: int = WIDTH) -> str:
    """The path of an entry bundle: the same, with ``entries`` for the level."""
    return f"tile/entries/{_place(n, width)}"


def parse_path(path: str) -> TilePath:
    """The tile or bundle that a path names. Raises TileError for any second spelling."""
    match = _PATH.fullmatch(path)
    if not match:
        raise TileError(f"{path[:100]!r} is not the path of a tile or an entry bundle.")
    n = int(re.sub("[x/]", "", match[2]))
    parsed = TilePath(None if match[1] == "entries" else int(match[1]), n, int(match[3] or WIDTH))
    if (bundle_path(n, parsed.width) if parsed.level is None else tile_path(parsed.level, n, parsed.width)) != path:
        raise TileError(f"{path[:100]!r} is a second spelling of the path of tile {n}.")
    return parsed


def width_of(level: int, n: int, size: int) -> int:
    """How many hashes tile n of a level has in a tree of that size; 0 if it does not exist."""
    return max(0, min(WIDTH, (size >> _HEIGHT * level) - n * WIDTH))


def new_tiles(old: int, new: int) -> list[TilePath]:
    """The tiles, full and partial, that a tree of size `new` has and one of size `old` has not. From 0: all of them."""
    found = []
    for level in range(_levels(new)):
        first = (old >> _HEIGHT * level) // WIDTH
        for n in range(first, -(-(new >> _HEIGHT * level) // WIDTH)):
            width = width_of(level, n, new)
            if width != width_of(level, n, old):
                found.append(TilePath(level, n, width))
    return found


def new_bundles(old: int, new: int) -> list[TilePath]:
    """The entry bundles to write when a tree grows, as `new_tiles`."""
    return [TilePath(None, n, width) for level, n, width in new_tiles(old, new) if level == 0]


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile: its hashes, one after the other."""
    if not 1 <= len(hashes) <= WIDTH or any(len(value) != HASH_BYTES for value in hashes):
        raise TileError(f"A tile has 1 to {WIDTH} hashes of {HASH_BYTES} bytes.")
    return b"".join(hashes)


def decode_tile(data: bytes, width: int = WIDTH) -> tuple[bytes, ...]:
    """The hashes of a tile of that width. Raises TileError if it has another."""
    if len(data) != width * HASH_BYTES:
        raise TileError(f"A tile of width {width} has {width * HASH_BYTES} bytes; this one has {len(data)}.")
    return tuple(data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle: each entry after its length, a big-endian uint16."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise TileError(f"An entry bundle has 1 to {WIDTH} entries of at most {MAX_ENTRY_BYTES} bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, width: int = WIDTH) -> list[bytes]:
    """The entries of a bundle of that width. Raises TileError if bytes are missing or left over."""
    entries: list[bytes] = []
    place, end = 0, len(data)
    for number in range(width):
        start = place + 2
        place = start + (data[place] << 8 | data[place + 1]) if start <= end else start
        if place > end:
            raise TileError(f"The entry bundle ends inside entry {number} of {width}.")
        entries.append(data[start:place])
    if place != len(data):
        raise TileError(f"The entry bundle has {len(data) - place} bytes after its {width} entries.")
    return entries


def append(edge: Sequence[Sequence[bytes]], size: int, hashes: Iterable[bytes]) -> Appended:
    """Grow a tree, known by its right edge, by leaf hashes. The edge given is not changed. Raises TileError."""
    _check_edge(edge, size)
    new, full_tiles, grown, level, first = list(hashes), [], [], 0, size
    grown_size = size + len(new)
    while new or level < len(edge):
        row = [*(edge[level] if level < len(edge) else ()), *new]
        blocks = [row[start : start + WIDTH] for start in range(0, len(row) - WIDTH + 1, WIDTH)]
        tile = first // WIDTH
        filled = [FullTile(level, n, b"".join(block), merkle.root(block)) for n, block in enumerate(blocks, start=tile)]
        full_tiles += filled
        grown.append(row[len(blocks) * WIDTH :])
        new, first, level = [tile.root for tile in filled], tile, level + 1
    return Appended(full_tiles, grown, grown_size, root_of_edge(grown, grown_size))


def root_of_edge(edge: Sequence[Sequence[bytes]], size: int) -> bytes:
    """The root of the tree of that size with that right edge. Raises TileError if the two do not fit."""
    _check_edge(edge, size)
    root: bytes | None = None
    for hashes in edge:
        start = len(hashes)
        while start:  # perfect subtrees, the smallest and rightmost first
            width = start & -start
            start -= width
            left = merkle.root(hashes[start : start + width])
            root = left if root is None else merkle.node_hash(left, root)
    return merkle.EMPTY_ROOT if root is None else root


def inclusion_proof(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The inclusion proof of an entry, from stored tiles. `fetch` is called once, with every tile that is needed.

    fetch: from (level, n) pairs to the hashes of each tile as of `size`, or of any larger tree. Raises ProofError.
    """
    return _roots(merkle.inclusion_ranges(index, size), fetch)


def consistency_proof(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """The consistency proof between two sizes, from stored tiles as of `new`; `fetch` as in `inclusion_proof`."""
    return _roots(merkle.consistency_ranges(old, new), fetch)


def tree_root(size: int, fetch: Fetch) -> bytes:
    """The root of the tree as it was at `size`, from stored tiles; `fetch` as in `inclusion_proof`."""
    return _roots([(0, size)], fetch)[0] if size else merkle.EMPTY_ROOT


def subtree_roots(ranges: list[tuple[int, int]], fetch: Fetch) -> list[bytes]:
    """The root over each range of entries that is one subtree of the tree, from stored tiles; `fetch` as above."""
    return _roots(ranges, fetch)


class _Subtree(NamedTuple):
    """A perfect subtree as a run of hashes in one tile."""

    level: int
    n: int
    start: int
    end: int


def _roots(ranges: list[tuple[int, int]], fetch: Fetch) -> list[bytes]:
    parts = [_perfect_subtrees(start, end) for start, end in ranges]
    wanted = sorted({(subtree.level, subtree.n) for subtrees in parts for subtree in subtrees})
    found = fetch(wanted) if wanted else {}
    return [_fold(subtrees, found) for subtrees in parts]


def _perfect_subtrees(start: int, end: int) -> list[_Subtree]:
    """A proof's range, which is one perfect subtree or reaches the right edge, from left to right."""
    subtrees = []
    while start < end:
        height = (end - start).bit_length() - 1
        level, inner = divmod(height, _HEIGHT)
        n, offset = divmod(start >> _HEIGHT * level, WIDTH)
        subtrees.append(_Subtree(level, n, offset, offset + (1 << inner)))
        start += 1 << height
    return subtrees


def _fold(subtrees: list[_Subtree], found: Mapping[tuple[int, int], Sequence[bytes]]) -> bytes:
    root: bytes | None = None
    for level, n, start, end in reversed(subtrees):
        tile = found.get((level, n), ())
        if len(tile) < end:
            raise ProofError(f"{tile_path(level, n)} has {len(tile)} hashes; the proof needs {end}.")
        left = merkle.root(tile[start:end])
        root = left if root is None else merkle.node_hash(left, root)
    assert root is not None  # a proof's range is never empty
    return root


def _levels(size: int) -> int:
    return -(-size.bit_length() // _HEIGHT)


def _check_edge(edge: Sequence[Sequence[bytes]], size: int) -> None:
    expected = [(size >> _HEIGHT * level) % WIDTH for level in range(_levels(size))]
    if [len(hashes) for hashes in edge] != expected:
        raise TileError(
            f"The right edge of a tree of size {size} has {expected} hashes per level, not {list(map(len, edge))}."
        )


def _place(n: int, width: int) -> str:
    if not 0 <= n < 10**18 or not 1 <= width <= WIDTH:
        raise TileError(f"There is no tile {n} of width {width}.")
    digits = f"{n:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    partial = "" if width == WIDTH else f".p/{width}"
    return "".join(f"x{group}/" for group in groups[:-1]) + groups[-1] + partial
