"""The map of histories: for each subject how many entries it has and a digest over them, under one Merkle root.

chain   d_0 = 32 zero bytes; d_k = SHA-256("audit/history/v1\\n" || d_(k-1) || leaf hash of the subject's k-th entry)
leaf    canonical JSON {"count": k, "digest": hex of d_k, "id": ..., "last": index of the k-th entry, "type": ...}
root    of RFC 9162 over the leaves, in the order of (type, id) as UTF-8 bytes

The log fixes the root over its first entries in an entry of its own. Whoever reads the whole log computes it again;
whoever holds one subject's entries checks them against its leaf, and that nothing is missing among them.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

from audit.tlog import canonical, merkle
from audit.tlog.errors import ProofError
from audit.tlog.spelling import HASH_BYTES

EVENT = "log.histories_fixed"
NOTHING = bytes(HASH_BYTES)
_DOMAIN = b"audit/history/v1\n"
Key: TypeAlias = tuple[bytes, bytes]


def extend(digest: bytes, leaf_hash: bytes) -> bytes:
    """The chain's next digest."""
    return hashlib.sha256(_DOMAIN + digest + leaf_hash).digest()


def digest_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The chain's digest over all of a subject's entries, in their order in the log."""
    return reduce(extend, leaf_hashes, NOTHING)


def key_of(subject_type: str, subject_id: str) -> Key:
    """What subjects are ordered by."""
    return subject_type.encode(), subject_id.encode()


@dataclass(frozen=True, slots=True)
class State:
    """One subject's history: how many entries, the index of the last, and the chain's digest over their leaf hashes."""

    type: str
    id: str
    count: int
    last: int
    digest: bytes

    @property
    def key(self) -> Key:
        """Its place among the subjects."""
        return key_of(self.type, self.id)

    def leaf(self) -> bytes:
        """The bytes that stand in the map."""
        value = {"type": self.type, "id": self.id, "count": self.count, "last": self.last, "digest": self.digest.hex()}
        return canonical.encode(value)


@dataclass(frozen=True, slots=True)
class Placed:
    """A state with its place in the map and the hashes that prove it."""

    state: State
    position: int
    proof: tuple[bytes, ...]


class Histories:
    """The map as it grows, entry by entry; begins with the states given, or with nothing."""

    def __init__(self, states: Iterable[State] = ()) -> None:
        """Take up the map where it was left."""
        self._states = {state.key: state for state in states}

    @property
    def subjects(self) -> int:
        """How many subjects have a history."""
        return len(self._states)

    def add(self, subject_type: str, subject_id: str, index: int, leaf_hash: bytes) -> State:
        """Take in the next entry about a subject; returns its new state. Raises ProofError where order is broken."""
        old = self._states.get(key_of(subject_type, subject_id), State(subject_type, subject_id, 0, -1, NOTHING))
        if index <= old.last:
            raise ProofError(
                f"Entry {index} about {subject_type} {subject_id} does not come after its entry {old.last}."
            )
        new = State(subject_type, subject_id, old.count + 1, index, extend(old.digest, leaf_hash))
        self._states[new.key] = new
        return new

    def states(self) -> list[State]:
        """Every state in the order of the map."""
        return [self._states[key] for key in sorted(self._states)]

    def root(self) -> bytes:
        """The Merkle root over all states."""
        return Map(self.states()).root

    def prove(self, subject_type: str, subject_id: str) -> list[Placed]:
        """The subject's state with its proof; for one without a history, its neighbours in the map with theirs."""
        return Map(self.states(), [key_of(subject_type, subject_id)]).prove(subject_type, subject_id)


class Map:
    """The map over states that come in their order, one by one, with what is needed to prove some of its subjects.

    Keeps 64 bytes a subject, whatever their number; raises ProofError where the order is broken.
    """

    def __init__(self, ordered: Iterable[State], wanted: Iterable[Key] = ()) -> None:
        """Read all states once. wanted: of whom `prove` will be asked."""
        self._around: dict[Key, list[tuple[int, State]]] = {}
        waiting, before = deque(sorted(set(wanted))), list[tuple[int, State]]()
        hashes = []
        for position, state in enumerate(ordered):
            if before and before[0][1].key >= state.key:
                raise ProofError(f"{state.type} {state.id} does not come after the subject before it.")
            while waiting and waiting[0] <= state.key:
                key, here = waiting.popleft(), [(position, state)]
                self._around[key] = here if key == state.key else before + here
            before = [(position, state)]
            hashes.append(merkle.leaf_hash(state.leaf()))
        self._around |= dict.fromkeys(waiting, before)
        self._levels = _levels(hashes)
        self.subjects = len(hashes)

    @property
    def root(self) -> bytes:
        """The Merkle root."""
        return self._levels[-1][0] if self.subjects else merkle.EMPTY_ROOT

    def prove(self, subject_type: str, subject_id: str) -> list[Placed]:
        """As `Histories.prove`; KeyError for a subject that was not wanted."""
        around = self._around[key_of(subject_type, subject_id)]
        return [Placed(state, position, tuple(self._proof(position))) for position, state in around]

    def _proof(self, position: int) -> Iterator[bytes]:
        for level, row in enumerate(self._levels):
            sibling = position >> level ^ 1
            if sibling < len(row):
                yield row[sibling]


def _levels(hashes: list[bytes]) -> list[list[bytes]]:
    """The tree from its leaves to its root; a node without a sibling moves up as it is."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        row = levels[-1]
        odd = row[-1:] if len(row) % 2 else []
        levels.append([merkle.node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)] + odd)
    return levels


def verify(subject_type: str, subject_id: str, placed: Sequence[Placed], *, subjects: int, root: bytes) -> State | None:
    """The subject's state in the map of that root, or None where it is proven to have no history. Raises ProofError.

    placed: what `Histories.prove` gave. subjects: how many the map has.
    """
    for one in placed:
        merkle.verify_inclusion(merkle.leaf_hash(one.state.leaf()), one.position, subjects, one.proof, root)
    key = key_of(subject_type, subject_id)
    if len(placed) == 1 and placed[0].state.key == key:
        return placed[0].state
    _verify_absent(f"{subject_type} {subject_id}", key, placed, subjects, root)
    return None


def _verify_absent(name: str, key: Key, placed: Sequence[Placed], subjects: int, root: bytes) -> None:
    if subjects < 0 or (subjects == 0 and root != merkle.EMPTY_ROOT):
        raise ProofError("A map without subjects has the root SHA-256 of nothing; this is another one.")
    # The leaves around the gap: the last that comes before the subject and the first that comes after it.
    sides = [(one.position, one.state.key > key) for one in placed if one.state.key != key]
    gap = next((position for position, is_after in sides if is_after), subjects)
    if sides != [(place, place == gap) for place in (gap - 1, gap) if 0 <= place < subjects] or len(sides) < len(
        placed
    ):
        raise ProofError(f"The leaves given for {name} are neither its own nor the two between which it would stand.")
