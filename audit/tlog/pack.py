"""Evidence packs: the files that let a stranger check a decision offline, in one zip.

README.txt                   how to verify; words that were given out with this version (see `readme`)
pack.json                    what the pack is about and which files it has (canonical JSON)
entries/<index>.json         the log entries, byte for byte
proofs/<index>.tlog-proof    their place in the log, all under one checkpoint
records/<sha256>.json        canonical JSON that the entries commit to, directly or through another record
files/<name>                 other files whose SHA-256 an entry or a record holds
keys/<name>.vkey             public keys, for reference: a verifier brings its own
completeness.json, ranges/   the proof that no entry about some subjects is left out (see `completeness`); optional

Every byte is either hashed into something proven or has only one possible value. So nothing free stands in pack.json:
the title is the subject's own; a record's kind is its own "kind" member or the name of the member with its digest.
From version 3 on, whoever is named as a signer signed with a key of their own too (see `personalkeys`). Version 2 is
the same without that, version 1 without the proof of completeness.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from audit.tlog import archive, canonical, completeness, note, packindex, proof, readme
from audit.tlog.completeness import Completeness
from audit.tlog.errors import PackError

# Whoever makes a pack needs these two as well.
from audit.tlog.packindex import About as About
from audit.tlog.packindex import Disclosure as Disclosure

VERSION = 3


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """A log entry's bytes with the bytes of its tlog-proof."""

    index: int
    raw: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """Canonical JSON that an entry commits to by its digest."""

    kind: str
    raw: bytes

    @classmethod
    def of(cls, kind: str, value: object) -> "Record":
        """A record from its value."""
        return cls(kind, canonical.encode(value))

    @property
    def digest(self) -> str:
        """SHA-256 of the record's bytes, in hex."""
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything a pack holds; `keys` and `files` by their bare names (``log.vkey``, ``model-card.pdf``)."""

    origin: str
    about: About
    entries: Sequence[ProvenEntry]
    records: Sequence[Record] = ()
    disclosures: Sequence[Disclosure] = ()
    keys: Mapping[str, note.Verifier] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    completeness: Completeness | None = None


def write(target: Path | BinaryIO, pack: Pack) -> None:
    """Write the zip; the same pack always gives the same bytes. Raises PackError.

    It refuses what is malformed, not what is unproven: verify the result before you hand it out.
    """
    pieces = archive.write(members(pack))
    if isinstance(target, Path):
        with target.open("wb") as file:
            file.writelines(pieces)
    else:
        target.writelines(pieces)


def members(pack: Pack) -> dict[str, bytes]:
    """The files of the pack by path. Raises PackError."""
    _check(pack)
    found = {readme.PATH: readme.TEXT, packindex.PATH: index_of(pack).format()}
    for entry in pack.entries:
        found[packindex.entry_path(entry.index)] = entry.raw
        found[packindex.proof_path(entry.index)] = entry.proof
    found |= {packindex.record_path(record.digest): record.raw for record in pack.records}
    found |= {f"keys/{name}": f"{verifier.vkey}\n".encode() for name, verifier in pack.keys.items()}
    found |= {f"files/{name}": data for name, data in pack.files.items()}
    return found | (pack.completeness.members() if pack.completeness else {})


def index_of(pack: Pack) -> packindex.Index:
    """The index that lists the pack's content."""
    return packindex.Index(
        VERSION,
        pack.origin,
        pack.about,
        tuple(sorted(entry.index for entry in pack.entries)),
        tuple(sorted({(record.digest, record.kind) for record in pack.records})),
        packindex.in_order(pack.disclosures),
        tuple(sorted((f"files/{name}", hashlib.sha256(data).hexdigest()) for name, data in pack.files.items())),
        tuple(sorted(f"keys/{name}" for name in pack.keys)),
        completeness.parts(pack.completeness.members()) if pack.completeness else (),
    )


def _check(pack: Pack) -> None:
    kinds = dict[str, str]()
    for record in pack.records:
        if kinds.setdefault(record.digest, record.kind) != record.kind:
            raise PackError(f"The record {record.digest} is given twice, as {kinds[record.digest]} and {record.kind}.")
    proofs = [proof.parse(entry.proof) for entry in pack.entries]
    if [one.index for one in proofs] != [entry.index for entry in pack.entries]:
        raise PackError("A proof is for another index than its entry.")
    if len({one.checkpoint for one in proofs}) != 1:
        raise PackError("All entries of a pack are proven under one and the same checkpoint.")
    if len({entry.index for entry in pack.entries}) != len(pack.entries):
        raise PackError("The same entry is given twice.")
