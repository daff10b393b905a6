"""C2SP checkpoints: a log's origin, size and root in three lines, signed by the log and by witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.tlog import merkle, note
from audit.tlog.errors import NoteError
from audit.tlog.spelling import HASH_BYTES, from_base64, from_decimal, to_base64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: which log, how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be a tree head."""
        if not self.origin or "\n" in self.origin:
            raise NoteError("A checkpoint's origin is one non-empty line.")
        if not 0 <= self.size <= merkle.MAX_SIZE or len(self.root) != HASH_BYTES:
            raise NoteError("A checkpoint's size is a whole number below 2**63 and its root has 32 bytes.")
        if self.size == 0 and self.root != merkle.EMPTY_ROOT:
            raise NoteError("A checkpoint of size 0 must have the empty tree's root.")

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that the log itself signed, with the note that proves it."""

    head: Checkpoint
    note: note.Note

    @property
    def signers(self) -> list[str]:
        """The names of the known keys that signed, the log's among them."""
        return [verified.verifier.name for verified in self.note.verified]


def parse(text: str) -> Checkpoint:
    """Read the three lines. Extension lines are refused: this log writes none and nobody could audit them."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise NoteError("A checkpoint is exactly three lines: origin, size and root.")
    return Checkpoint(lines[0], from_decimal(lines[1], error=NoteError), from_base64(lines[2], error=NoteError))


def open_signed(raw: bytes, verifiers: Sequence[note.Verifier]) -> Signed:
    """Read a checkpoint and believe it: a known key that bears the origin's name must have signed. Raises NoteError.

    A witness's cosignature alone, or the signature of another log's key, is not enough.
    """
    opened = note.open_note(raw, verifiers)
    head = parse(opened.text)
    keys = [verified.verifier for verified in opened.verified]
    if not any(key.key_type == note.ED25519 and key.name == head.origin for key in keys):
        names = ", ".join(key.name for key in keys)
        raise NoteError(
            f"The checkpoint of {head.origin} is signed by {names}, but not by a known key of {head.origin}."
        )
    return Signed(head, opened)
