"""What a C2SP tlog-witness is asked and how it decides: the request's bytes, and a verdict without side effects."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from audit.tlog import checkpoint, merkle, note
from audit.tlog.errors import NoteError, ProofError
from audit.tlog.spelling import HASH_BYTES, from_base64, from_decimal, to_base64

MAX_HASHES = 63
MAX_REQUEST_BYTES = 64 * 1024


class Status(Enum):
    """The answers of `add-checkpoint`, by their HTTP status."""

    COSIGNED = 200
    MALFORMED = 400
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    FORKED = 422


@dataclass(frozen=True, slots=True)
class Request:
    """One `add-checkpoint`: the size the witness is thought to hold, the proof from there, and the new checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def format(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old}", *map(to_base64, self.proof)]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a witness answers, and why. `held` is the size it holds; `head` what it holds from now on, if it cosigns."""

    status: Status
    why: str
    held: int = 0
    head: checkpoint.Checkpoint | None = None


def parse(raw: bytes) -> Request:
    """Read a request's body. Raises NoteError for any second spelling; nothing in it is believed yet."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise NoteError(f"The request has more than {MAX_REQUEST_BYTES} bytes.")
    header, separator, signed = raw.partition(b"\n\n")
    try:
        first, *hashes = header.decode("ascii").split("\n")
    except UnicodeDecodeError as problem:
        raise NoteError("The lines before the checkpoint are not ASCII.") from problem
    if not separator or not first.startswith("old ") or len(hashes) > MAX_HASHES:
        raise NoteError(f"A request is a line `old <size>`, at most {MAX_HASHES} hashes, an empty line, a checkpoint.")
    note.parse(signed)
    old = from_decimal(first.removeprefix("old "), error=NoteError)
    return Request(old, tuple(_hash(line) for line in hashes), signed)


def judge(request: Request, verifiers: Sequence[note.Verifier], held: checkpoint.Checkpoint | None) -> Verdict:
    """Decide about a request, given the log keys that are known and the checkpoint of its log that was last cosigned.

    The order is the specification's: who speaks, may it speak, from where, and only then whether history holds.
    """
    try:
        head = checkpoint.parse(note.text_of(request.checkpoint))
    except NoteError as problem:
        return Verdict(Status.MALFORMED, str(problem))
    keys = [verifier for verifier in verifiers if verifier.name == head.origin]
    if not keys:
        return Verdict(Status.UNKNOWN_LOG, f"The log {head.origin} is not known here.")
    try:
        checkpoint.open_signed(request.checkpoint, keys)
    except NoteError as problem:
        return Verdict(Status.NOT_SIGNED, str(problem))
    return _continued(request, head, held or checkpoint.Checkpoint(head.origin, 0, merkle.EMPTY_ROOT))


def origin_of(signed: bytes) -> str:
    """The log that a checkpoint speaks of, believed by nobody yet. Raises NoteError."""
    return checkpoint.parse(note.text_of(signed)).origin


def origin_hash(origin: str) -> str:
    """The name of a log in a path: any origin becomes 64 hex digits."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _continued(request: Request, head: checkpoint.Checkpoint, held: checkpoint.Checkpoint) -> Verdict:
    if request.old > head.size:
        return Verdict(Status.MALFORMED, f"The old size {request.old} is above the checkpoint's, {head.size}.")
    if request.old != held.size:
        return Verdict(Status.OTHER_SIZE, f"The size held here is {held.size}, not {request.old}.", held.size)
    try:
        merkle.verify_consistency(held.size, head.size, request.proof, held.root, head.root)
    except ProofError as problem:
        return Verdict(Status.FORKED, str(problem), held.size)
    return Verdict(Status.COSIGNED, "The checkpoint continues what is held.", held.size, head)


def _hash(line: str) -> bytes:
    raw = from_base64(line, error=NoteError)
    if len(raw) != HASH_BYTES:
        raise NoteError(f"A hash has {HASH_BYTES} bytes; {line[:60]!r} has {len(raw)}.")
    return raw
