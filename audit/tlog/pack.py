"""Evidence packs: the files that let a stranger check a decision offline, in one zip.

README.txt                   how to verify; the same words in every pack
pack.json                    what the pack is about and which files it has (canonical JSON)
entries/<index>.json         the log entries, byte for byte
proofs/<index>.tlog-proof    their place in the log, all under one checkpoint
records/<sha256>.json        canonical JSON that the entries commit to, directly or through another record
files/<name>                 other files whose SHA-256 an entry or a record holds
keys/<name>.vkey             public keys, for reference: a verifier brings its own

Every byte is either hashed into something proven or has only one possible value. So nothing free stands in pack.json:
the title is text from a proven entry, record or disclosure; a record's kind is its own "kind" member or the name of the
member that holds its digest.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from audit.tlog import archive, canonical, note, proof, seal
from audit.tlog.canonical import Json
from audit.tlog.errors import PackError, TlogError
from audit.tlog.spelling import from_hex

VERSION = 1
INDEX = "pack.json"
README = "README.txt"
# Never change a letter: packs that are out in the world are compared with it. Another text is another VERSION.
README_TEXT = b"""\
EVIDENCE PACK

This zip holds log entries about one subject, the proof that each stands in a
signed transparency log, and the records that the entries commit to.

To verify it you need Python 3.11 or newer with the package "cryptography", the
folder "audit" of the server's source code (only audit/tlog is used), and the
log's public key, which you should get from somewhere else than this pack. No
server and no network are needed. From the folder that holds "audit":

    python -m audit.tlog.verify PACK.zip --key LOG.vkey

The answer is one sentence that says what was proven, or one sentence for each
thing that is wrong. Exit code 0: everything holds. 1: something does not.
2: the pack or a key could not be read.

A pack proves what is in it. It does not prove that nothing else was written
about its subject: for that, read the whole log.

By hand: SHA-256(0x00 || entries/N.json) is the leaf hash of RFC 9162;
proofs/N.tlog-proof (c2sp.org/tlog-proof) leads from it to the signed root
(c2sp.org/tlog-checkpoint). The name of each file in records/ is its SHA-256,
which stands in an entry or in another record.
"""


@dataclass(frozen=True, slots=True)
class About:
    """What a pack is about: the subject of at least one of its entries, and a title that stands in its evidence."""

    type: str
    id: str
    title: str


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
class Disclosure:
    """A sealed value made known, with the salt that opens its commitment."""

    field: str
    salt: bytes
    value: Json

    @property
    def commitment(self) -> str:
        """The commitment that stands in the entry, in hex."""
        return seal.commit(self.field, self.value, self.salt).hex()


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


@dataclass(frozen=True, slots=True)
class Index:
    """The content of pack.json, in its one order."""

    origin: str
    about: About
    entries: tuple[int, ...]
    records: tuple[tuple[str, str], ...]  # digest, kind
    disclosures: tuple[Disclosure, ...]
    files: tuple[tuple[str, str], ...]  # path, digest
    keys: tuple[str, ...]

    def format(self) -> bytes:
        """The bytes of pack.json."""
        entries = [{"index": i, "entry": entry_path(i), "proof": proof_path(i)} for i in self.entries]
        records = [{"digest": digest, "kind": kind, "path": record_path(digest)} for digest, kind in self.records]
        disclosures = [
            {"commitment": one.commitment, "field": one.field, "salt": one.salt.hex(), "value": one.value}
            for one in self.disclosures
        ]
        value = {
            "v": VERSION,
            "origin": self.origin,
            "about": {"type": self.about.type, "id": self.about.id, "title": self.about.title},
            "entries": entries,
            "records": records,
            "disclosures": disclosures,
            "files": [{"digest": digest, "path": path} for path, digest in self.files],
            "keys": list(self.keys),
        }
        return canonical.encode(value)


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
    found = {README: README_TEXT, INDEX: index_of(pack).format()}
    for entry in pack.entries:
        found[entry_path(entry.index)] = entry.raw
        found[proof_path(entry.index)] = entry.proof
    found |= {record_path(record.digest): record.raw for record in pack.records}
    found |= {f"keys/{name}": f"{verifier.vkey}\n".encode() for name, verifier in pack.keys.items()}
    return found | {f"files/{name}": data for name, data in pack.files.items()}


def index_of(pack: Pack) -> Index:
    """The index that lists the pack's content."""
    return Index(
        pack.origin,
        pack.about,
        tuple(sorted(entry.index for entry in pack.entries)),
        tuple(sorted({(record.digest, record.kind) for record in pack.records})),
        in_order(pack.disclosures),
        tuple(sorted((f"files/{name}", hashlib.sha256(data).hexdigest()) for name, data in pack.files.items())),
        tuple(sorted(f"keys/{name}" for name in pack.keys)),
    )


def in_order(disclosures: Iterable[Disclosure]) -> tuple[Disclosure, ...]:
    """Disclosures by commitment, each once."""
    return tuple(one for _, one in sorted({one.commitment: one for one in disclosures}.items()))


def parse_index(raw: bytes) -> Index:
    """Read pack.json. Raises PackError for anything but the bytes that `Index.format` writes."""
    try:
        value: Any = canonical.decode(raw)
        index = _index(value)
        if index.format() == raw:
            return index
    except (TlogError, KeyError, TypeError, AttributeError) as problem:
        raise PackError(f"pack.json does not have the shape of version {VERSION}: {problem}") from problem
    raise PackError("pack.json has members that do not follow from the rest of it, or another version.")


def entry_path(index: int) -> str:
    """Where an entry stands in the zip."""
    return f"entries/{index}.json"


def proof_path(index: int) -> str:
    """Where an entry's proof stands in the zip."""
    return f"proofs/{index}.tlog-proof"


def record_path(digest: str) -> str:
    """Where a record stands in the zip."""
    return f"records/{digest}.json"


def _index(value: Any) -> Index:
    about = value["about"]
    return Index(
        _text(value["origin"]),
        About(_text(about["type"]), _text(about["id"]), _text(about["title"])),
        tuple(_number(line["index"]) for line in value["entries"]),
        tuple((_text(line["digest"]), _text(line["kind"])) for line in value["records"]),
        tuple(_disclosure(line) for line in value["disclosures"]),
        tuple((_text(line["path"]), _text(line["digest"])) for line in value["files"]),
        tuple(_text(path) for path in value["keys"]),
    )


def _disclosure(line: Any) -> Disclosure:
    salt = from_hex(line["salt"], length=seal.SALT_BYTES, error=PackError)
    return Disclosure(_text(line["field"]), salt, line["value"])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PackError(f"{str(value)[:80]!r} stands where a text must stand.")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:  # True is an int, and 1 by comparison
        raise PackError(f"{str(value)[:80]!r} stands where a whole number must stand.")
    return value


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
