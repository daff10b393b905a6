"""C2SP tlog-proof: an entry's place in a log as one text file that verifies offline."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.tlog import merkle, note
from audit.tlog.checkpoint import Signed, open_signed
from audit.tlog.errors import NoteError, ProofError
from audit.tlog.spelling import HASH_BYTES, from_base64, from_decimal, to_base64

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The index of an entry, its inclusion proof, the signed checkpoint, and extra data that nothing authenticates."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def format(self) -> bytes:
        """The file's bytes."""
        lines = [HEADER, *([f"extra {to_base64(self.extra)}"] if self.extra is not None else []), f"index {self.index}"]
        lines += [to_base64(value) for value in self.hashes]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    def verify(self, leaf: bytes, verifiers: Sequence[note.Verifier]) -> Signed:
        """Prove that the leaf stands in a known key's log; returns the checkpoint. Raises NoteError, ProofError."""
        signed = open_signed(self.checkpoint, verifiers)
        head = signed.head
        merkle.verify_inclusion(merkle.leaf_hash(leaf), self.index, head.size, self.hashes, head.root)
        return signed


def parse(raw: bytes) -> TlogProof:
    """Read a proof file. Raises ProofError for any second spelling; the checkpoint in it is parsed but not believed."""
    head, separator, signed = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        note.parse(signed)
    except (UnicodeDecodeError, NoteError) as problem:
        raise ProofError(f"The proof file cannot be read: {problem}") from problem
    if not separator or lines.pop(0) != HEADER:
        raise ProofError(f"The proof file does not begin with the line {HEADER}.")
    extra = _extra(lines)
    index = _index(lines)
    if len(lines) > MAX_HASHES:
        raise ProofError(f"The proof file has {len(lines)} hashes; no tree needs more than {MAX_HASHES}.")
    return TlogProof(index, tuple(_hash(line) for line in lines), signed, extra)


def _extra(lines: list[str]) -> bytes | None:
    if not lines or not lines[0].startswith("extra "):
        return None
    return from_base64(lines.pop(0).removeprefix("extra "), error=ProofError)


def _index(lines: list[str]) -> int:
    if not lines or not lines[0].startswith("index "):
        raise ProofError("The proof file has no index line where one must be.")
    return from_decimal(lines.pop(0).removeprefix("index "), error=ProofError)


def _hash(line: str) -> bytes:
    raw = from_base64(line, error=ProofError)
    if len(raw) != HASH_BYTES:
        raise ProofError(f"A proof's hash has {HASH_BYTES} bytes; {line[:60]!r} has {len(raw)}.")
    return raw
