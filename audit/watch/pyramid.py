"""The perfect subtrees over a row of hashes, so that the root over its first k is a fold of at most log k of them."""

from collections.abc import Sequence
from hashlib import sha256

from audit.tlog import merkle


def over(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Row h holds the roots over each full 2**h hashes."""
    rows: list[Sequence[bytes]] = [hashes]
    while len(rows[-1]) > 1:
        one_by_one = iter(rows[-1])
        # A last one without a pair is no full subtree of the next height.
        pairs = zip(one_by_one, one_by_one, strict=False)
        rows.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])
    return rows


def root(rows: Sequence[Sequence[bytes]], count: int, *, after: bytes | None = None) -> bytes:
    """The root over the first `count` hashes; `after`: the root over what comes to the right of them."""
    found = after
    while count:
        height = (count & -count).bit_length() - 1
        left = rows[height][(count >> height) - 1]
        found = left if found is None else merkle.node_hash(left, found)
        count -= 1 << height
    return merkle.EMPTY_ROOT if found is None else found
