"""The Merkle tree of RFC 9162: hashes, roots, proofs, and their verification by the algorithms of its section 2.1."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from audit.tlog.errors import ProofError
from audit.tlog.spelling import HASH_BYTES

EMPTY_ROOT = sha256(b"").digest()
MAX_SIZE = 2**63 - 1
_LEAF, _NODE = sha256(b"\x00"), sha256(b"\x01")


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each, for those who hash millions: a hash that has begun is copied sooner than one is made."""
    found = []
    for leaf in leaves:
        begun = _LEAF.copy()
        begun.update(leaf)
        found.append(begun.digest())
    return found


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The Merkle Tree Hash over leaf hashes (or over equal perfect subtrees), level by level in linear time."""
    row = list(leaf_hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        hashes = iter(row)
        row = []
        for left, right in zip(hashes, hashes, strict=False):
            begun = _NODE.copy()  # as in `leaf_hashes`
            begun.update(left + right)
            row.append(begun.digest())
        row += odd
    return row[0] if row else EMPTY_ROOT


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes from the leaf's sibling up to the root's child."""
    return [root(leaf_hashes[start:end]) for start, end in inclusion_ranges(index, len(leaf_hashes))]


def consistency_proof(leaf_hashes: Sequence[bytes], old: int) -> list[bytes]:
    """The hashes that prove the tree of size `old` to be a prefix; none for an empty or an equal one."""
    return [root(leaf_hashes[start:end]) for start, end in consistency_ranges(old, len(leaf_hashes))]


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Which leaf ranges the hashes of an inclusion proof cover (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"There is no entry {index} in a tree of size {size}.")
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """Which leaf ranges the hashes of a consistency proof cover (RFC 9162, 2.1.4.1)."""
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofError(f"A tree of size {new} cannot continue one of size {old}.")
    if old in (0, new):
        return []
    ranges = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    # A subtree that is the whole old tree is known to the verifier already.
    return [*([(start, end)] if start else []), *ranges[::-1]]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Prove that a leaf stands at `index` in the tree of that size and root (RFC 9162, 2.1.3.2). Raises ProofError."""
    _check_lengths([leaf_hash, root, *proof])
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"There is no entry {index} in a tree of size {size}.")
    position, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError(f"The inclusion proof has {len(proof)} hashes, more than a tree of size {size} needs.")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            position, last = _climb_while_even(position, last)
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError(f"The inclusion proof has {len(proof)} hashes, fewer than a tree of size {size} needs.")
    if computed != root:
        raise ProofError(f"The inclusion proof leads to the root {computed.hex()}, not to {root.hex()}.")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Prove that the new tree continues the old one (RFC 9162, 2.1.4.2). Raises ProofError.

    From the empty tree everything continues: there the proof must be empty and the old root the empty tree's.
    """
    _check_lengths([old_root, new_root, *proof])
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofError(f"A tree of size {new} cannot continue one of size {old}: entries were taken away.")
    if any(size == 0 and head != EMPTY_ROOT for size, head in ((old, old_root), (new, new_root))):
        raise ProofError("A tree of size 0 has the root SHA-256 of nothing; this is another one.")
    if old in (0, new):
        _verify_trivial(old, new, proof, old_root, new_root)
        return
    old_computed, new_computed = _consistent_roots(old, new, proof, old_root)
    if old_computed != old_root:
        raise ProofError(f"The consistency proof leads to the old root {old_computed.hex()}, not to {old_root.hex()}.")
    if new_computed != new_root:
        raise ProofError(f"The consistency proof leads to the new root {new_computed.hex()}, not to {new_root.hex()}.")


def _verify_trivial(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    if proof:
        raise ProofError(f"From size {old} to size {new} nothing is to prove, but the proof has {len(proof)} hashes.")
    if old == new and old_root != new_root:
        raise ProofError(f"Two trees of the same size {old} have different roots: the log was forked.")


def _consistent_roots(old: int, new: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path or not proof:
        raise ProofError(f"The consistency proof from size {old} to size {new} is empty.")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_computed = new_computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError(f"The consistency proof from size {old} to size {new} has {len(proof)} hashes, too many.")
        if position & 1 or position == last:
            old_computed = node_hash(sibling, old_computed)
            new_computed = node_hash(sibling, new_computed)
            position, last = _climb_while_even(position, last)
        else:
            new_computed = node_hash(new_computed, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError(f"The consistency proof from size {old} to size {new} has {len(proof)} hashes, too few.")
    return old_computed, new_computed


def _climb_while_even(position: int, last: int) -> tuple[int, int]:
    """Skip the levels on which the right edge has no sibling."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_lengths(hashes: Iterable[bytes]) -> None:
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise ProofError(f"A hash has {HASH_BYTES} bytes; one given here has {len(value)}.")
