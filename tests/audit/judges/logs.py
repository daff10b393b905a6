"""Logs written to disk by our code, and what a judge asks of them, read back from the files."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.tlog import checkpoint, merkle, note, tiles
from tests.audit.tlog import examples

SIZES = [1, 2, 3, 255, 256, 257, 600]
LARGE = 70_000  # three levels of tiles
_TEXTS = [
    "",
    "plain",
    'quote " and \\',
    "\n\r\t\b\f\x01\x1f\x7f",
    "é ü ß",
    "\u2028\u2029\ufeff",
    "日本語",
    "😀𝒳",
    "e\u0301",
    "</script>",
]


@dataclass(frozen=True, slots=True)
class Log:
    """A log directory in the layout of C2SP tlog-tiles."""

    folder: Path
    size: int
    key: note.Verifier = examples.LOG.verifier

    @property
    def signed(self) -> bytes:
        """The signed note."""
        return (self.folder / "checkpoint").read_bytes()

    @property
    def head(self) -> checkpoint.Checkpoint:
        """What the note says."""
        return checkpoint.open_signed(self.signed, [self.key]).head

    def leaves(self) -> list[bytes]:
        """Every entry, from the bundles."""
        places = [(n, min(tiles.WIDTH, self.size - n * tiles.WIDTH)) for n in range(-(-self.size // tiles.WIDTH))]
        bundles = [
            tiles.decode_bundle((self.folder / tiles.bundle_path(*place)).read_bytes(), place[1]) for place in places
        ]
        return [leaf for bundle in bundles for leaf in bundle]

    def inclusion(self, index: int) -> list[bytes]:
        """An inclusion proof, from the tiles."""
        return tiles.inclusion_proof(index, self.size, self._fetch)

    def consistency(self, old: int) -> list[bytes]:
        """A consistency proof from an older size, from the tiles."""
        return tiles.consistency_proof(old, self.size, self._fetch)

    def root_at(self, size: int) -> bytes:
        """The root that the log had at an older size, from the tiles."""
        return tiles.tree_root(size, self._fetch)

    def _fetch(self, wanted: list[tuple[int, int]]) -> Mapping[tuple[int, int], Sequence[bytes]]:
        return {place: self._tile(*place) for place in wanted}

    def _tile(self, level: int, n: int) -> Sequence[bytes]:
        width = tiles.width_of(level, n, self.size)
        return tiles.decode_tile((self.folder / tiles.tile_path(level, n, width)).read_bytes(), width)


def write(folder: Path, leaves: Sequence[bytes], *signers: note.Signer) -> Log:
    """Write bundles, tiles and a signed checkpoint, growing the tree as the sequencer does."""
    grown = tiles.append([], 0, merkle.leaf_hashes(leaves))
    files = {tiles.tile_path(tile.level, tile.n): tile.data for tile in grown.full_tiles}
    for level, hashes in enumerate(grown.edge):
        if hashes:
            files[tiles.tile_path(level, grown.size >> 8 * (level + 1), len(hashes))] = tiles.encode_tile(hashes)
    for _, n, width in tiles.new_bundles(0, grown.size):
        bundle = leaves[n * tiles.WIDTH : n * tiles.WIDTH + width]
        files[tiles.bundle_path(n, width)] = tiles.encode_bundle(bundle)
    head = checkpoint.Checkpoint(examples.ORIGIN, grown.size, grown.root)
    signed = note.sign(head.text(), *(signers or (examples.LOG, examples.WITNESS)))
    examples.write(folder, files | {"checkpoint": signed})
    return Log(folder, grown.size)


def entries(count: int, *, seed: int = 0) -> list[bytes]:
    """Entries with everything that an event may hold in its data."""
    chance = random.Random(seed)
    return [examples.entry(number, data={"number": number, "value": value(chance)}) for number in range(count)]


def value(chance: random.Random, depth: int = 0) -> Any:
    """A random value of the log's subset of JSON, with text and keys that encoders like to spell differently."""
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {_key(chance): value(chance, depth + 1) for _ in range(chance.randrange(5))}
    number = chance.choice([0, 1, -1, 2**53 - 1, 1 - 2**53, chance.randrange(10**9)])
    return [None, True, False, number, chance.choice(_TEXTS) * chance.randrange(1, 3), _text(chance)][kind]


def _text(chance: random.Random) -> str:
    ranges = [(1, 0x80), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)]
    return "".join(chr(chance.randrange(*chance.choice(ranges))) for _ in range(chance.randrange(8)))


def _key(chance: random.Random) -> str:
    letters = "aAzZ_09 .-/\"\\'éßñ€日本ﬀ"
    return "".join(chance.choice(letters) for _ in range(chance.randrange(1, 6)))
