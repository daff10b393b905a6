"""Tiles: paths, bundles, growth by the right edge and proofs from stored tiles, against the whole tree."""

import functools
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

import pytest

from audit.tlog import merkle, tiles
from audit.tlog.errors import ProofError, TileError
from audit.tlog.tiles import TilePath
from tests.audit.tlog.examples import hashes

LARGE = 66_100
LEAVES = hashes(LARGE)


class Store:
    """Tiles of a tree of LARGE entries, grown in batches as the sequencer does; counts what is asked of it."""

    def __init__(self) -> None:
        self.leaves = LEAVES
        self.full: dict[tuple[int, int], tuple[bytes, ...]] = {}
        self.edge: list[list[bytes]] = []
        self.calls: list[list[tuple[int, int]]] = []
        for start in range(0, LARGE, 4096):
            grown = tiles.append(self.edge, start, self.leaves[start : start + 4096])
            self.full |= {(level, n): tiles.decode_tile(data) for level, n, data, _ in grown.full_tiles}
            self.edge = grown.edge

    def fetch_at(self, size: int) -> tiles.Fetch:
        """What a reader of the log as of that size may see."""

        def fetch(wanted: list[tuple[int, int]]) -> Mapping[tuple[int, int], Sequence[bytes]]:
            self.calls.append(wanted)
            return {(level, n): self._row(level, n)[: tiles.width_of(level, n, size)] for level, n in wanted}

        return fetch

    def _row(self, level: int, n: int) -> Sequence[bytes]:
        return self.full.get((level, n)) or self.edge[level]


@pytest.fixture(scope="module", name="store")
def _store() -> Store:
    return Store()


@functools.cache
def root_at(size: int) -> bytes:
    return merkle.root(LEAVES[:size])


def indexes(size: int) -> Iterator[int]:
    yield from sorted({*range(min(size, 4)), size // 2, size - 1, *(i for i in (255, 256, 511, 65_535) if i < size)})


@pytest.mark.parametrize(
    ("path", "level", "n", "width"),
    [
        ("tile/0/x001/x234/067", 0, 1_234_067, 256),
        ("tile/0/005", 0, 5, 256),
        ("tile/0/273.p/112", 0, 273, 112),
        ("tile/2/000.p/1", 2, 0, 1),
        ("tile/63/x001/000.p/255", 63, 1000, 255),
        ("tile/entries/x001/x234/067.p/9", None, 1_234_067, 9),
    ],
)
def test_path_is_written_and_read(path: str, level: int | None, n: int, width: int) -> None:
    written = tiles.bundle_path(n, width) if level is None else tiles.tile_path(level, n, width)
    assert (written, tiles.parse_path(path)) == (path, TilePath(level, n, width))


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/5",
        "tile/0/0005",
        "tile/0/x000/005",
        "tile/00/005",
        "tile/64/005",
        "tile/-1/005",
        "tile/0/001/005",
        "tile/0/x001",
        "tile/0/005.p/0",
        "tile/0/005.p/256",
        "tile/0/005.p/01",
        "tile/0/005.p/",
        "tile/0/005\n",
        "tile/0/00\u0665",
        "tile/data/005",
        "/tile/0/005",
        "tile/0/../005",
        "",
    ],
)
def test_path_in_a_second_spelling_is_refused(path: str) -> None:
    with pytest.raises(TileError):
        tiles.parse_path(path)


def test_new_tiles_of_size_70000_are_those_of_the_specification() -> None:
    found = tiles.new_tiles(0, 70_000)
    partial = [tile for tile in found if tile.width < 256]
    assert partial == [TilePath(0, 273, 112), TilePath(1, 1, 17), TilePath(2, 0, 1)]
    assert len(found) - len(partial) == 273 + 1


def test_new_tiles_of_size_256_are_a_full_one_and_one_hash_above() -> None:
    assert tiles.new_tiles(255, 256) == [TilePath(0, 0, 256), TilePath(1, 0, 1)]
    assert tiles.new_bundles(255, 256) == [TilePath(None, 0, 256)]


def test_new_tiles_of_the_same_size_are_none() -> None:
    assert tiles.new_tiles(70_000, 70_000) == []


def test_new_tiles_step_by_step_are_all_tiles() -> None:
    sizes = [0, 1, 100, 255, 256, 300, 65_535, 65_536, 65_792, 70_000]
    steps = {tile for old, new in itertools.pairwise(sizes) for tile in tiles.new_tiles(old, new)}
    assert set(tiles.new_tiles(0, 70_000)) <= steps


@pytest.mark.parametrize("entries", [[b""], [b"a", b"", b"\x00" * 65_535], [b"x"] * 256])
def test_bundle_is_written_and_read(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries), len(entries)) == entries


def test_bundle_cut_anywhere_or_longer_is_refused() -> None:
    data = tiles.encode_bundle([b"one", b"", b"three"])
    for wrong in [*(data[:length] for length in range(len(data))), data + b"\0"]:
        with pytest.raises(TileError):
            tiles.decode_bundle(wrong, 3)


@pytest.mark.parametrize("entries", [[], [b"x"] * 257, [b"x" * 65_536]])
def test_bundle_beyond_the_format_is_refused(entries: list[bytes]) -> None:
    with pytest.raises(TileError):
        tiles.encode_bundle(entries)


def test_tile_of_another_width_is_refused() -> None:
    data = tiles.encode_tile(hashes(3))
    assert tiles.decode_tile(data, 3) == tuple(hashes(3))
    with pytest.raises(TileError, match="A tile of width 4 has 128 bytes; this one has 96"):
        tiles.decode_tile(data, 4)


def test_append_one_by_one_gives_the_root_of_every_size_up_to_700() -> None:
    leaves, edge, roots = LEAVES[:700], list[list[bytes]](), []
    for size, leaf in enumerate(leaves):
        grown = tiles.append(edge, size, [leaf])
        edge = grown.edge
        roots.append(grown.root)
    assert roots == [root_at(size) for size in range(1, 701)]


def test_append_in_random_batches_gives_the_same_tiles(store: Store) -> None:
    chance, edge, full, size = random.Random(1), list[list[bytes]](), dict[tuple[int, int], tuple[bytes, ...]](), 0
    while size < LARGE:
        grown = tiles.append(edge, size, store.leaves[size : size + chance.randrange(3_000)])
        full |= {(level, n): tiles.decode_tile(data) for level, n, data, _ in grown.full_tiles}
        edge, size = grown.edge, grown.size
    assert (full, edge, grown.root) == (store.full, store.edge, merkle.root(store.leaves))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 65_537])
def test_append_to_a_size_gives_full_tiles_with_their_roots_and_leaves_the_edge_given(size: int) -> None:
    before = tiles.append([], 0, LEAVES[:size])
    kept = [list(row) for row in before.edge]
    after = tiles.append(before.edge, size, LEAVES[size : size + 300])
    assert (after.size, after.root, before.edge) == (size + 300, root_at(size + 300), kept)
    assert all(merkle.root(tiles.decode_tile(tile.data)) == tile.root for tile in after.full_tiles)


def test_append_of_nothing_changes_nothing() -> None:
    grown = tiles.append([], 0, hashes(300))
    assert tiles.append(grown.edge, 300, []) == ([], grown.edge, 300, grown.root)


@pytest.mark.parametrize("edge", [[], [[b"\0" * 32] * 3], [[b"\0" * 32] * 2, []]])
def test_edge_that_does_not_fit_the_size_is_refused(edge: list[list[bytes]]) -> None:
    with pytest.raises(TileError, match="The right edge of a tree of size 2"):
        tiles.root_of_edge(edge, 2)


def test_proofs_from_tiles_of_every_pair_up_to_80_are_those_of_the_tree(store: Store) -> None:
    for size in range(1, 81):
        leaves, fetch = store.leaves[:size], store.fetch_at(size)
        for index in range(size):
            assert tiles.inclusion_proof(index, size, fetch) == merkle.inclusion_proof(leaves, index)
            assert tiles.consistency_proof(index, size, fetch) == merkle.consistency_proof(leaves, index)


@pytest.mark.parametrize("sizes", [range(81, 520, 4), range(250, 262), range(509, 518), range(760, 773)])
def test_proofs_from_tiles_of_sampled_pairs_verify(store: Store, sizes: range) -> None:
    for size in sizes:
        verify_samples(store, size)


@pytest.mark.parametrize("size", [65_279, 65_280, 65_535, 65_536, 65_537, 65_791, 65_792, 65_793, 66_048, LARGE])
def test_proofs_from_tiles_around_the_second_level_verify(store: Store, size: int) -> None:
    verify_samples(store, size)


def verify_samples(store: Store, size: int) -> None:
    fetch, root = store.fetch_at(size), root_at(size)
    assert tiles.tree_root(size, fetch) == root
    for index in indexes(size):
        inclusion = tiles.inclusion_proof(index, size, fetch)
        merkle.verify_inclusion(store.leaves[index], index, size, inclusion, root)
        consistency = tiles.consistency_proof(index, size, fetch)
        merkle.verify_consistency(index, size, consistency, root_at(index), root)


def test_proof_asks_for_every_tile_once_and_in_one_call(store: Store) -> None:
    store.calls.clear()
    tiles.inclusion_proof(0, LARGE, store.fetch_at(LARGE))
    assert store.calls == [[(0, 0), (0, 258), (1, 0), (1, 1)]]


def test_proof_from_tiles_of_a_larger_tree_is_the_same(store: Store) -> None:
    small = tiles.inclusion_proof(3, 300, store.fetch_at(300))
    assert tiles.inclusion_proof(3, 300, store.fetch_at(LARGE)) == small


def test_proof_from_tiles_that_are_too_short_or_missing_is_refused(store: Store) -> None:
    with pytest.raises(ProofError, match="tile/0/000 has 3 hashes; the proof needs 4"):
        tiles.inclusion_proof(0, 4, store.fetch_at(3))
    with pytest.raises(ProofError, match="has 0 hashes"):
        tiles.inclusion_proof(0, 4, lambda wanted: {})


def test_tree_root_of_size_zero_is_the_empty_root(store: Store) -> None:
    assert tiles.tree_root(0, store.fetch_at(0)) == merkle.EMPTY_ROOT
