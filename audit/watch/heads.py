"""Signed heads and their cosignatures within one stretch of the log. No Django in here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import psycopg

from audit.tlog import checkpoint, note
from audit.tlog.errors import NoteError, TlogError
from audit.watch import pyramid
from audit.watch.findings import Finding, differs

#: How far apart two clocks may be that tell of one moment.
PATIENCE = timedelta(hours=1)
_HEADS = """
    SELECT head.size, head.note, head.at, event.at FROM audit_checkpoint head
    LEFT JOIN audit_leaf leaf ON leaf.index = head.size - 1 LEFT JOIN audit_event event ON event.ticket = leaf.ticket
    WHERE size > %s AND size <= %s ORDER BY size
"""
_COSIGNATURES = "SELECT size, witness, line, at FROM audit_cosignature WHERE size > %s AND size <= %s ORDER BY size, id"


class Keys(Protocol):
    """Whose signatures can be verified."""

    @property
    def keys(self) -> tuple[note.Verifier, ...]:
        """The log's own."""

    @property
    def witnesses(self) -> tuple[note.Verifier, ...]:
        """The witnesses'."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it was read: the root over its last entries, which lie in the span, and which of the keys signed it."""

    size: int
    root: bytes
    within: bytes
    signers: tuple[int, ...]
    at: datetime


def read(
    connection: psycopg.Connection[Any], known: Keys, between: tuple[int, int], rows: Sequence[Sequence[bytes]]
) -> tuple[list[Head], list[Finding], set[str]]:
    """The heads of a stretch, what is wrong with them or with cosignatures on them, and witnesses nobody knows."""
    found: list[Head] = []
    texts: dict[int, str] = {}
    findings: list[Finding] = []
    with connection.cursor(binary=True) as cursor:
        for size, text, at, last_entry_at in cursor.execute(_HEADS, between):
            within = pyramid.root(rows, size - between[0])
            head = _head((size, text, at), within, known.keys, findings)
            if last_entry_at is not None and at < last_entry_at - PATIENCE:
                expected = f"after its last entry, of {last_entry_at}"
                findings.append(differs("audit_checkpoint", size, "at", expected=expected, actual=str(at)))
            if head is not None:
                found.append(head)
                texts[size] = note.text_of(text.encode())
        cosignatures = cursor.execute(_COSIGNATURES, between).fetchall()
    names = {witness.name for witness in known.witnesses}
    unknown = {witness for _, witness, *_ in cosignatures} - names
    for row in cosignatures:
        findings += _cosignature(row, texts, known.witnesses)
    return found, findings, unknown


def _head(
    row: tuple[int, str, datetime], within: bytes, keys: Sequence[note.Verifier], findings: list[Finding]
) -> Head | None:
    size, raw, at = row
    try:
        text, lines = note.parse(raw.encode())
        head = checkpoint.parse(text)
    except TlogError as problem:
        findings.append(Finding("audit_checkpoint", str(size), "note", "a signed head", f"none: {problem}"))
        return None
    if head.size != size:
        findings.append(differs("audit_checkpoint", size, "size", expected=head.size, actual=size))
        return None
    signers = []
    for number, key in enumerate(keys):
        for line in lines:
            if (line.name, line.key_id) == (key.name, key.key_id) and key.name == head.origin:
                try:
                    key.verify(text, line.signature)
                    signers.append(number)
                except NoteError as problem:
                    expected = f"signed by {key.name}"
                    findings.append(Finding("audit_checkpoint", str(size), "note", expected, f"not: {problem}"))
    return Head(size, head.root, within, tuple(signers), at)


def _cosignature(
    row: tuple[int, str, str, datetime], texts: Mapping[int, str], witnesses: Sequence[note.Verifier]
) -> Iterator[Finding]:
    size, witness, line, at = row
    key = f"{size}/{witness}"
    if size not in texts:
        yield Finding("audit_cosignature", key, "size", "that of a signed head", "of none")
        return
    try:
        signature = note.parse(f"{texts[size]}\n{line}".encode())[1][0]
        known = {(one.name, one.key_id): one for one in witnesses}
        verifier = known.get((signature.name, signature.key_id))
        time = verifier.verify(texts[size], signature.signature) if verifier else None
    except TlogError as problem:
        yield Finding("audit_cosignature", key, "line", "a signature of the witness", f"none: {problem}")
        return
    if signature.name != witness:
        yield differs("audit_cosignature", key, "witness", expected=signature.name, actual=witness)
    if verifier is None and any(one.name in (witness, signature.name) for one in witnesses):
        yield Finding("audit_cosignature", key, "line", "by the witness's key in LOG_TRUST_POLICY", "by another")
    elif verifier is not None and abs(at - (signed := datetime.fromtimestamp(time or 0, UTC))) > PATIENCE:
        yield differs("audit_cosignature", key, "at", expected=f"near {signed}", actual=str(at))
