"""pack.json: what an evidence pack is about and which files it has, in the one spelling that its content allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from audit.tlog import canonical, seal
from audit.tlog.canonical import Json
from audit.tlog.errors import PackError, TlogError
from audit.tlog.spelling import from_hex

PATH = "pack.json"
VERSIONS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class About:
    """What a pack is about: the subject of at least one of its entries, and a title that this subject's evidence holds.

    A title is the subject's id, or the title, name or key in the data of an entry about it, or in the subject's own
    record: one that such an entry holds, whose "kind" is the subject's type and whose "id" is the subject's.
    """

    type: str
    id: str
    title: str


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
class Index:
    """The content of pack.json, in its one order."""

    version: int
    origin: str
    about: About
    entries: tuple[int, ...]
    records: tuple[tuple[str, str], ...]  # digest, kind
    disclosures: tuple[Disclosure, ...]
    files: tuple[tuple[str, str], ...]  # path, digest
    keys: tuple[str, ...]
    parts: tuple[tuple[str, str], ...] = ()  # path, digest: the files of the proof of completeness; from version 2 on

    def format(self) -> bytes:
        """The bytes of pack.json."""
        value = {
            "v": self.version,
            "origin": self.origin,
            "about": {"type": self.about.type, "id": self.about.id, "title": self.about.title},
            "entries": [{"index": i, "entry": entry_path(i), "proof": proof_path(i)} for i in self.entries],
            "records": [{"digest": digest, "kind": kind, "path": record_path(digest)} for digest, kind in self.records],
            "disclosures": [
                {"commitment": one.commitment, "field": one.field, "salt": one.salt.hex(), "value": one.value}
                for one in self.disclosures
            ],
            "files": _files(self.files),
            "keys": list(self.keys),
        }
        return canonical.encode(value | ({"parts": _files(self.parts)} if self.version >= 2 else {}))


def parse(raw: bytes) -> Index:
    """Read pack.json. Raises PackError for anything but the bytes that `Index.format` writes."""
    try:
        value: Any = canonical.decode(raw)
        index = _index(value)
        if index.format() == raw:
            return index
    except (TlogError, KeyError, TypeError, AttributeError) as problem:
        raise PackError(
            f"pack.json does not have the shape of version {' or '.join(map(str, VERSIONS))}: {problem}"
        ) from problem
    raise PackError("pack.json has members that do not follow from the rest of it, or another version.")


def in_order(disclosures: Iterable[Disclosure]) -> tuple[Disclosure, ...]:
    """Disclosures by commitment, each once."""
    return tuple(one for _, one in sorted({one.commitment: one for one in disclosures}.items()))


def entry_path(index: int) -> str:
    """Where an entry stands in the zip."""
    return f"entries/{index}.json"


def proof_path(index: int) -> str:
    """Where an entry's proof stands in the zip."""
    return f"proofs/{index}.tlog-proof"


def record_path(digest: str) -> str:
    """Where a record stands in the zip."""
    return f"records/{digest}.json"


def text(value: Any) -> str:
    """The value, where it is a text. Raises PackError."""
    if not isinstance(value, str):
        raise PackError(f"{str(value)[:80]!r} stands where a text must stand.")
    return value


def number(value: Any) -> int:
    """The value, where it is a whole number. Raises PackError."""
    if type(value) is not int:  # True is an int, and 1 by comparison
        raise PackError(f"{str(value)[:80]!r} stands where a whole number must stand.")
    return value


def _files(listed: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"digest": digest, "path": path} for path, digest in listed]


def _index(value: Any) -> Index:
    about, version = value["about"], number(value["v"])
    if version not in VERSIONS:
        raise PackError(f"this is version {version}, which a newer verifier may read")
    return Index(
        version,
        text(value["origin"]),
        About(text(about["type"]), text(about["id"]), text(about["title"])),
        tuple(number(line["index"]) for line in value["entries"]),
        tuple((text(line["digest"]), text(line["kind"])) for line in value["records"]),
        tuple(_disclosure(line) for line in value["disclosures"]),
        _listed(value["files"]),
        tuple(text(path) for path in value["keys"]),
        _listed(value["parts"]) if version >= 2 else (),
    )


def _listed(lines: Any) -> tuple[tuple[str, str], ...]:
    return tuple((text(line["path"]), text(line["digest"])) for line in lines)


def _disclosure(line: Any) -> Disclosure:
    salt = from_hex(line["salt"], length=seal.SALT_BYTES, error=PackError)
    return Disclosure(text(line["field"]), salt, line["value"])
