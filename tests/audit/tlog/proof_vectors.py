"""Proofs that are right, and for each the many ways to be wrong; some of them stand in tests/vectors/proofs.json.

``python -m tests.audit.tlog.proof_vectors`` writes the file anew: only after a change of format, which is a decision.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from audit.tlog import merkle

FILE = Path(__file__).parents[2] / "vectors" / "proofs.json"
# The eight leaves with which Certificate Transparency's own implementations are tested.
REFERENCE_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]


class Inclusion(NamedTuple):
    """The arguments of verify_inclusion, in order."""

    leaf_hash: bytes
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs
    size: int
    proof: list[bytes]
    root: bytes


class Consistency(NamedTuple):
    """The arguments of verify_consistency, in order."""

    old: int
    new: int
    proof: list[bytes]
    old_root: bytes
    new_root: bytes


def inclusion(leaf_hashes: list[bytes], index: int) -> Inclusion:
    """A right inclusion proof."""
    proof = merkle.inclusion_proof(leaf_hashes, index)
    return Inclusion(leaf_hashes[index], index, len(leaf_hashes), proof, merkle.root(leaf_hashes))


def consistency(leaf_hashes: list[bytes], old: int) -> Consistency:
    """A right consistency proof."""
    roots = merkle.root(leaf_hashes[:old]), merkle.root(leaf_hashes)
    return Consistency(old, len(leaf_hashes), merkle.consistency_proof(leaf_hashes, old), *roots)


def wrong_inclusions(right: Inclusion) -> Iterator[tuple[str, Inclusion]]:
    """Every way of the list to make it wrong."""
    for name, proof in _wrong_proofs(right.proof, [right.leaf_hash, right.root]):
        yield name, right._replace(proof=proof)
    for name, index in (("next", right.index + 1), ("previous", right.index - 1), ("sibling", right.index ^ 1)):
        yield f"index of the {name} entry", right._replace(index=index)
    yield "index equal to the size", right._replace(index=right.size)
    yield "size zero", right._replace(size=0)
    yield "leaf with a bit flipped", right._replace(leaf_hash=flip(right.leaf_hash, right.index))
    yield "root with a bit flipped", right._replace(root=flip(right.root, right.index))
    yield "root of the empty tree", right._replace(root=merkle.EMPTY_ROOT)
    yield "leaf hash too short", right._replace(leaf_hash=right.leaf_hash[:-1])
    yield "root too long", right._replace(root=right.root + b"\0")
    if right.proof:
        yield "byte moved between the leaf and its sibling", _shifted(right)
    else:
        yield "leaf and root both too short", right._replace(leaf_hash=right.root[1:], root=right.root[1:])
    if right.leaf_hash != right.root:
        yield "leaf and root swapped", right._replace(leaf_hash=right.root, root=right.leaf_hash)


def wrong_consistencies(right: Consistency) -> Iterator[tuple[str, Consistency]]:
    """Every way of the list to make it wrong."""
    for name, proof in _wrong_proofs(right.proof, [right.old_root, right.new_root]):
        yield name, right._replace(proof=proof)
    yield "old size one larger", right._replace(old=right.old + 1)
    yield "old size one smaller", right._replace(old=right.old - 1)
    yield "old size larger than the new", right._replace(old=right.new + 1)
    yield "new size zero", right._replace(new=0) if right.new else right._replace(old=-1)
    yield "old root with a bit flipped", right._replace(old_root=flip(right.old_root, right.old))
    yield "old root too short", right._replace(old_root=right.old_root[:-1])
    yield "new root too long", right._replace(new_root=right.new_root + b"\0")
    if right.old:
        # From the empty tree every root follows: such a proof proves nothing, and so refuses nothing.
        yield "new root with a bit flipped", right._replace(new_root=flip(right.new_root, right.old))
    if right.old_root != right.new_root:
        yield "roots swapped", right._replace(old_root=right.new_root, new_root=right.old_root)


def _shifted(right: Inclusion) -> Inclusion:
    """Hashes of other lengths that join to the same bytes, and so lead to the same root."""
    first, rest = right.proof[0], right.proof[1:]
    if right.index % 2 or right.index == right.size - 1:
        return right._replace(leaf_hash=right.leaf_hash[1:], proof=[first + right.leaf_hash[:1], *rest])
    return right._replace(leaf_hash=right.leaf_hash + first[:1], proof=[first[1:], *rest])


def flip(value: bytes, bit: int) -> bytes:
    """The value with one bit changed."""
    return (int.from_bytes(value, "big") ^ 1 << bit % (8 * len(value))).to_bytes(len(value), "big")


def _wrong_proofs(proof: list[bytes], known: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    for place, value in enumerate(proof):
        rest = proof[:place], proof[place + 1 :]
        yield f"hash {place} with a bit flipped", [*rest[0], flip(value, 37 * place + 4), *rest[1]]
        yield f"hash {place} removed", [*rest[0], *rest[1]]
        yield f"hash {place} given twice", [*rest[0], value, value, *rest[1]]
        yield f"hash {place} too short", [*rest[0], value[:-1], *rest[1]]
        yield f"hash {place} too long", [*rest[0], value + b"\0", *rest[1]]
        if place:
            yield f"hashes {place - 1} and {place} swapped", [*proof[: place - 1], value, proof[place - 1], *rest[1]]
    if len(proof) > 1:
        yield "no hashes", []
    for name, value in (("the first root or leaf", known[0]), ("the root", known[1]), ("zeroes", bytes(32))):
        yield f"{name} before the proof", [value, *proof]
        yield f"{name} after the proof", [*proof, value]


def reference_vectors() -> list[dict[str, Any]]:
    """The vectors of the file: right and wrong proofs over the reference leaves."""
    leaf_hashes = [merkle.leaf_hash(leaf) for leaf in REFERENCE_LEAVES]
    vectors = []
    for index, size in ((0, 1), (0, 8), (5, 8), (2, 3), (1, 5), (6, 7)):
        one = inclusion(leaf_hashes[:size], index)
        vectors += [_vector("right", one), *(_vector(name, wrong) for name, wrong in wrong_inclusions(one))]
    for old, new in ((0, 5), (1, 1), (1, 8), (6, 8), (2, 5), (4, 7), (7, 8)):
        two = consistency(leaf_hashes[:new], old)
        vectors += [_vector("right", two), *(_vector(name, wrong) for name, wrong in wrong_consistencies(two))]
    return vectors


def _vector(name: str, arguments: Inclusion | Consistency) -> dict[str, Any]:
    kind = type(arguments).__name__.lower()
    members = {name: _plain(value) for name, value in arguments._asdict().items()}
    return {"kind": kind, "what": name, "valid": name == "right", **members}


def _plain(value: bytes | int | list[bytes]) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [_plain(one) for one in value] if isinstance(value, list) else value


def text() -> str:
    """The file's content: one vector a line."""
    return "[\n" + ",\n".join(json.dumps(vector) for vector in reference_vectors()) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(text())
