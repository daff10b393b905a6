"""The proof, inside a pack, that it holds every entry about some subjects; two files of the zip.

completeness.json              {"fixing": index of the entry that fixes the map of histories, or null,
                               "range": hashes of the range's proof, "subjects": [{"type", "id", "leaves": [...]}]}
ranges/<first>-<end>.bundle    every entry of the log from `first` up to the checkpoint's size, whatever it is about,
                               each after its length as a big-endian uint16

The map of histories (see `histories`) counts each subject's entries up to a size, which is the range's first entry. A
subject's leaves are its own leaf of the map, or, where it has none, the two between which it would stand. Each has the
members of a leaf, its position and its proof. Without a fixing entry the range begins at 0, and nothing is believed.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.tlog import canonical
from audit.tlog.canonical import Json
from audit.tlog.errors import PackError, TlogError
from audit.tlog.histories import Placed, State, key_of
from audit.tlog.packindex import number, text
from audit.tlog.spelling import HASH_BYTES, from_hex

PATH = "completeness.json"
RANGE = re.compile(r"ranges/(0|[1-9][0-9]{0,18})-([1-9][0-9]{0,18})\.bundle")


@dataclass(frozen=True, slots=True)
class Claim:
    """A subject of which the pack holds all entries, with its leaves of the map."""

    type: str
    id: str
    leaves: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Completeness:
    """Both files: the range's entries with their proof, the fixing entry's index, and the subjects in their order."""

    first: int
    entries: tuple[bytes, ...]
    proof: tuple[bytes, ...]
    fixing: int | None
    claims: tuple[Claim, ...]

    def members(self) -> dict[str, bytes]:
        """The files by path."""
        value = {
            "fixing": self.fixing,
            "range": [value.hex() for value in self.proof],
            "subjects": [
                {"type": one.type, "id": one.id, "leaves": [_leaf(placed) for placed in one.leaves]}
                for one in self.claims
            ],
        }
        bundle = b"".join(len(raw).to_bytes(2, "big") + raw for raw in self.entries)
        return {PATH: canonical.encode(value), range_path(self.first, self.first + len(self.entries)): bundle}


def range_path(first: int, end: int) -> str:
    """Where the entries of the range stand in the zip."""
    return f"ranges/{first}-{end}.bundle"


def is_part(path: str) -> bool:
    """Whether a file of that name belongs to the proof of completeness."""
    return path == PATH or RANGE.fullmatch(path) is not None


def parts(members: Mapping[str, bytes]) -> tuple[tuple[str, str], ...]:
    """The files of the proof among the members, as pack.json lists them."""
    return tuple((path, hashlib.sha256(members[path]).hexdigest()) for path in sorted(members) if is_part(path))


def parse(members: Mapping[str, bytes]) -> Completeness:
    """Read both files. Raises PackError for anything but the bytes that `Completeness.members` gives."""
    found = [match for path in members if (match := RANGE.fullmatch(path))]
    if PATH not in members or len(found) != 1:
        raise PackError(f"A proof of completeness is {PATH} and one file in ranges/, with {len(found)} found there.")
    try:
        value: Any = canonical.decode(members[PATH])
        parsed = Completeness(
            int(found[0][1]),
            tuple(_entries(members[found[0][0]], found[0][0])),
            tuple(_hash(line) for line in value["range"]),
            None if value["fixing"] is None else number(value["fixing"]),
            tuple(_claim(line) for line in value["subjects"]),
        )
        keys = [key_of(claim.type, claim.id) for claim in parsed.claims]
        if keys == sorted(set(keys)) and parsed.members() == {path: members[path] for path, _ in parts(members)}:
            return parsed
    except (TlogError, KeyError, TypeError, AttributeError) as problem:
        raise PackError(f"The proof of completeness cannot be read: {problem}") from problem
    raise PackError("The proof of completeness has members that do not follow from the rest of it, or another order.")


def _entries(raw: bytes, path: str) -> list[bytes]:
    entries: list[bytes] = []
    place = 0
    while place < len(raw):
        start = place + 2
        place = start + int.from_bytes(raw[place:start], "big")
        if place > len(raw):
            raise PackError(f"{path} ends inside its entry {len(entries)}.")
        entries.append(raw[start:place])
    return entries


def _leaf(placed: Placed) -> dict[str, Json]:
    state: Any = canonical.decode(placed.state.leaf())
    return {**state, "position": placed.position, "proof": [value.hex() for value in placed.proof]}


def _claim(line: Any) -> Claim:
    return Claim(text(line["type"]), text(line["id"]), tuple(_placed(leaf) for leaf in line["leaves"]))


def _placed(leaf: Any) -> Placed:
    count, last = number(leaf["count"]), number(leaf["last"])
    state = State(text(leaf["type"]), text(leaf["id"]), count, last, _hash(leaf["digest"]))
    return Placed(state, number(leaf["position"]), tuple(_hash(value) for value in leaf["proof"]))


def _hash(value: object) -> bytes:
    return from_hex(value, length=HASH_BYTES, error=PackError)
