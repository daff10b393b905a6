"""Checks a pack's claim that it holds every entry about a subject, against the range, the map and its entries."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.tlog import checkpoint, entry, histories, merkle, ranges
from audit.tlog.canonical import Json
from audit.tlog.completeness import Claim, Completeness
from audit.tlog.errors import ProofError, TlogError
from audit.tlog.report import counted
from audit.tlog.spelling import HASH_BYTES, from_hex

LOG = "log"


@dataclass(frozen=True, slots=True)
class Complete:
    """What was proven: all `count` entries about a subject are in the pack."""

    type: str
    id: str
    count: int


class Check:
    """Checks the claims of one pack against the signed head and the entries that the pack proves."""

    def __init__(self, given: Completeness, head: checkpoint.Checkpoint, proven: Mapping[int, bytes]) -> None:
        """Prove the range and read the fixing entry. Raises ProofError, EntryError, CanonicalError.

        proven: the entries of the pack by index, each proven to stand there under `head`.
        """
        self._given, self._head = given, head
        if given.first + len(given.entries) != head.size:
            raise ProofError(
                f"The range ends at {given.first + len(given.entries)}, but the log has {head.size} entries: "
                "what came last is withheld."
            )
        hashes = merkle.leaf_hashes(given.entries)
        ranges.verify(hashes, given.first, head.size, given.proof, head.root)
        self._map = self._fixed()
        self._newer = _by_subject(dict(enumerate(given.entries, start=given.first)))
        self._held = _by_subject(proven)
        self._hashes = {index: merkle.leaf_hash(raw) for index, raw in proven.items()}

    def sentence(self, one: Complete) -> str:
        """What was proven about a subject, up to which size and time, and what of it the log is believed."""
        newest = entry.parse(self._given.entries[-1])["at"]
        basis = f", those before entry {self._given.first} by the count that entry {self._given.fixing} fixes"
        events = counted(one.count, "event")
        return (
            f"all {events} about {one.type} {one.id} up to size {self._head.size}, written until {newest}"
            f"{basis if self._given.fixing is not None else ''}"
        )

    def claim(self, claim: Claim) -> Complete:
        """Prove that the pack holds all entries about one subject. Raises ProofError and names what is missing."""
        held = self._held.get((claim.type, claim.id), [])
        older = [index for index in held if index < self._given.first]
        name = f"{claim.type} {claim.id}"
        newer = self._newer.get((claim.type, claim.id), [])
        if not held and not newer:
            raise ProofError(f"The pack holds no entry about {name}, of which it claims to hold all.")
        missing = sorted(set(newer) - set(held))
        if missing:
            raise ProofError(f"Not complete: the pack leaves out entry {missing[0]} about {name}.")
        self._check_older(claim, older, name)
        return Complete(claim.type, claim.id, len(held))

    def _fixed(self) -> tuple[int, bytes]:
        """How many subjects the map has, and its root."""
        index, first = self._given.fixing, self._given.first
        if index is None:
            if first:
                raise ProofError(f"No entry fixes the histories, and the range begins at {first}, not at 0.")
            return 0, merkle.EMPTY_ROOT
        if not first <= index < self._head.size:
            raise ProofError(
                f"Entry {index} cannot fix the histories up to {first}: it is not in the range after that."
            )
        fixing = entry.parse(self._given.entries[index - first])
        subject, data = fixing["subject"], fixing["data"]
        assert isinstance(subject, dict)
        assert isinstance(data, dict)
        if (fixing["event"], subject["type"], origin_of(subject["id"])) != (
            histories.EVENT,
            LOG,
            origin_of(self._head.origin),
        ):
            raise ProofError(
                f"Entry {index} is {fixing['event']} of {subject['type']} {subject['id']}, which fixes no histories."
            )
        if data.get("size") != first or type(data.get("subjects")) is not int:
            raise ProofError(
                f"Entry {index} fixes the histories up to {data.get('size')}, but the range begins at {first}."
            )
        return int(str(data["subjects"])), from_hex(data.get("root"), length=HASH_BYTES, error=ProofError)

    def _check_older(self, claim: Claim, older: Sequence[int], name: str) -> None:
        subjects, root = self._map
        state = histories.verify(claim.type, claim.id, claim.leaves, subjects=subjects, root=root)
        if state is None:
            if older:
                raise ProofError(f"Entry {older[0]} is about {name}, but the map of histories has nothing about it.")
            return
        if (state.count, state.last) != (len(older), older[-1] if older else -1):
            raise ProofError(
                f"Not complete: up to size {self._given.first} there are {state.count} entries about {name}, the last "
                f"of them entry {state.last}; the pack holds {len(older)}."
            )
        if state.digest != histories.digest_of(self._hashes[index] for index in older):
            raise ProofError(f"The entries about {name} are not those whose digest the map of histories holds.")


def origin_of(name: Json) -> str:
    """A log's name without the count of its resumptions: ``example.org/log~2`` goes on from ``example.org/log``."""
    return re.sub(r"~[1-9][0-9]*$", "", str(name))


def _by_subject(entries: Mapping[int, bytes]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for index in sorted(entries):
        try:
            subject = entry.parse(entries[index])["subject"]
        except TlogError as problem:
            raise ProofError(f"Entry {index} cannot be read, so it may be about anything: {problem}") from problem
        assert isinstance(subject, dict)  # entry.parse has seen to it
        found.setdefault((str(subject["type"]), str(subject["id"])), []).append(index)
    return found
