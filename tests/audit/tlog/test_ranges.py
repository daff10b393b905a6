"""Range proofs: right for every range of every small tree, from leaves and from tiles, and wrong in every other way."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from audit.tlog import merkle, ranges, tiles
from audit.tlog.errors import ProofError
from tests.audit.tlog.examples import hashes

LARGEST = 40
LEAVES = hashes(LARGEST + 1)
ROOTS = [merkle.root(LEAVES[:size]) for size in range(LARGEST + 1)]


def every_range(largest: int) -> Iterator[tuple[int, int, int]]:
    for size in range(1, largest + 1):
        for first in range(size):
            for end in range(first + 1, size + 1):
                yield first, end, size


def refused(leaf_hashes: Sequence[bytes], first: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    try:
        ranges.verify(leaf_hashes, first, size, proof, root)
    except ProofError:
        return True
    return False


def test_range_of_every_small_tree_is_proven() -> None:
    for first, end, size in every_range(LARGEST):
        ranges.verify(LEAVES[first:end], first, size, ranges.prove(LEAVES[:size], first, end), ROOTS[size])


def test_range_proof_is_as_short_as_promised() -> None:
    longest = dict.fromkeys(range(1, LARGEST + 1), 0)
    for first, end, size in every_range(LARGEST):
        longest[size] = max(longest[size], len(ranges.flanks(first, end, size)))
    assert all(longest[size] <= 2 * (size - 1).bit_length() for size in longest)
    assert len(ranges.flanks(333_333, 333_433, 1_000_000)) == 19


def test_range_of_one_entry_has_the_hashes_of_its_inclusion_proof() -> None:
    for size in range(1, LARGEST + 1):
        for index in range(size):
            expected = sorted(merkle.inclusion_ranges(index, size))
            assert ranges.flanks(index, index + 1, size) == expected


def test_range_that_begins_at_nothing_has_the_hashes_of_the_right_side_alone() -> None:
    assert ranges.flanks(0, 40, 40) == []
    assert ranges.flanks(0, 33, 40) == [(33, 34), (34, 36), (36, 40)]
    assert ranges.flanks(33, 40, 40) == [(0, 32), (32, 33)]


def test_range_with_an_entry_left_out_added_swapped_or_changed_is_refused() -> None:
    for first, end, size in every_range(17):
        entries, proof, root = LEAVES[first:end], ranges.prove(LEAVES[:size], first, end), ROOTS[size]
        for place in range(len(entries)):
            assert refused([*entries[:place], *entries[place + 1 :]], first, size, proof, root)
            assert refused([*entries[:place], LEAVES[-1], *entries[place + 1 :]], first, size, proof, root)
            assert refused([*entries[:place], entries[place], *entries[place:]], first, size, proof, root)
        if len(entries) > 1:
            assert refused(entries[::-1], first, size, proof, root)


def test_range_at_another_place_or_under_another_root_is_refused() -> None:
    for first, end, size in every_range(17):
        entries, proof = LEAVES[first:end], ranges.prove(LEAVES[:size], first, end)
        assert all(refused(entries, first + step, size, proof, ROOTS[size]) for step in (-2, -1, 1, 2))
        assert refused(entries, first, size, proof, ROOTS[size - 1])


def test_range_proof_with_a_hash_changed_left_out_added_or_moved_is_refused() -> None:
    for first, end, size in every_range(17):
        entries, proof, root = LEAVES[first:end], ranges.prove(LEAVES[:size], first, end), ROOTS[size]
        for place in range(len(proof)):
            assert refused(entries, first, size, [*proof[:place], *proof[place + 1 :]], root)
            assert refused(entries, first, size, [*proof[:place], LEAVES[-1], *proof[place + 1 :]], root)
            assert refused(entries, first, size, [*proof[:place], proof[place][:31], *proof[place + 1 :]], root)
        assert refused(entries, first, size, [*proof, LEAVES[-1]], root)
        if len(proof) > 1:
            assert refused(entries, first, size, proof[::-1], root)


@pytest.mark.parametrize(
    ("first", "count", "size"),
    [(0, 0, 0), (0, 0, 1), (3, 0, 7), (-1, 2, 7), (6, 2, 7), (7, 1, 7), (0, 8, 7), (0, 1, 0)],
)
def test_range_that_is_empty_or_outside_the_tree_is_refused_by_its_bounds(first: int, count: int, size: int) -> None:
    with pytest.raises(ProofError) as refusal:
        ranges.verify(LEAVES[:count], first, size, [], ROOTS[min(size, LARGEST)])
    assert str(refusal.value) == f"There are no entries from {first} up to {first + count} in a tree of size {size}."


def test_range_that_leads_elsewhere_says_which_and_what_may_have_happened() -> None:
    with pytest.raises(ProofError) as refusal:
        ranges.verify(LEAVES[3:5], 2, 7, ranges.prove(LEAVES[:7], 2, 4), ROOTS[7])
    assert str(refusal.value).startswith("The entries from 2 up to 4 lead to the root ")
    assert str(refusal.value).endswith(": one was changed, left out, added or moved.")


@pytest.mark.parametrize("size", [256, 257, 600, 66_000])
def test_range_proof_from_tiles_equals_the_one_from_leaves(size: int) -> None:
    leaf_hashes = hashes(size)
    tree = tiles.append([], 0, leaf_hashes)
    stored = {(tile.level, tile.n): tiles.decode_tile(tile.data) for tile in tree.full_tiles}

    def fetch(wanted: list[tuple[int, int]]) -> Mapping[tuple[int, int], Sequence[bytes]]:
        return {place: stored.get(place, tree.edge[place[0]]) for place in wanted}

    for first, end in ((0, 1), (0, size), (1, size), (size - 1, size), (255, 256), (100, size - 50), (size // 2, size)):
        assert ranges.prove_from_tiles(first, end, size, fetch) == ranges.prove(leaf_hashes, first, end)
