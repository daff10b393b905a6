"""Proofs that some entries are exactly those from one index to another, none left out, none added, in that order.

The proof is the roots of the subtrees left and right of the range, from left to right: those at which the way down the
tree of RFC 9162 turns off. At most two for each level, so some forty hashes in a log of a million entries. A range of
one entry has the hashes of its inclusion proof, in the order in which they stand in the tree.
"""

from collections.abc import Iterator, Sequence

from audit.tlog import merkle, tiles
from audit.tlog.errors import ProofError
from audit.tlog.spelling import HASH_BYTES


def flanks(first: int, end: int, size: int) -> list[tuple[int, int]]:
    """Which entries the hashes of a range proof cover, from left to right. Raises ProofError for an empty range."""
    if not 0 <= first < end <= size <= merkle.MAX_SIZE:
        raise ProofError(f"There are no entries from {first} up to {end} in a tree of size {size}.")
    return list(_flanks(first, end, 0, size))


def prove(leaf_hashes: Sequence[bytes], first: int, end: int) -> list[bytes]:
    """The proof for the entries from `first` up to `end` (which is not among them), from all leaf hashes."""
    return [merkle.root(leaf_hashes[start:stop]) for start, stop in flanks(first, end, len(leaf_hashes))]


def prove_from_tiles(first: int, end: int, size: int, fetch: tiles.Fetch) -> list[bytes]:
    """The same from stored tiles; `fetch` is called once at most, as in `tiles.inclusion_proof`. Raises ProofError."""
    return tiles.subtree_roots(flanks(first, end, size), fetch)


def verify(leaf_hashes: Sequence[bytes], first: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Prove that these are all entries from `first` on, as many as given, of the tree of that root. Raises ProofError.

    leaf_hashes: of the entries, in their order; at least one.
    size, root: from one signed checkpoint; a root alone does not say of how many entries it is.
    """
    end = first + len(leaf_hashes)
    expected = flanks(first, end, size)
    if any(len(value) != HASH_BYTES for value in (*leaf_hashes, *proof, root)):
        raise ProofError(f"A hash has {HASH_BYTES} bytes; one given for the entries from {first} on has not.")
    if len(proof) != len(expected):
        raise ProofError(
            f"The proof of the entries from {first} up to {end} in a tree of size {size} has {len(proof)} hashes; "
            f"it takes {len(expected)}."
        )
    known = dict(zip(expected, proof, strict=True))
    computed = _root(leaf_hashes, first, (0, size), known)
    if computed != root:
        raise ProofError(
            f"The entries from {first} up to {end} lead to the root {computed.hex()}, not to {root.hex()}: "
            "one was changed, left out, added or moved."
        )


def _flanks(first: int, end: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    if end <= start or stop <= first:
        yield start, stop
    elif not first <= start <= stop <= end:
        middle = _middle(start, stop)
        yield from _flanks(first, end, start, middle)
        yield from _flanks(first, end, middle, stop)


def _root(
    leaf_hashes: Sequence[bytes], first: int, subtree: tuple[int, int], known: dict[tuple[int, int], bytes]
) -> bytes:
    start, stop = subtree
    if subtree in known:
        return known[subtree]
    if first <= start and stop <= first + len(leaf_hashes):
        return merkle.root(leaf_hashes[start - first : stop - first])
    middle = _middle(start, stop)
    left = _root(leaf_hashes, first, (start, middle), known)
    return merkle.node_hash(left, _root(leaf_hashes, first, (middle, stop), known))


def _middle(start: int, stop: int) -> int:
    """Where RFC 9162 splits a tree: after the largest power of two that is smaller than it."""
    return start + (1 << ((stop - start - 1).bit_length() - 1))
