"""What a log's own entries say about the log: its keys, its restarts, its archive, its fixed histories."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from audit.tlog import entry, histories, merkle, note, tiles
from audit.tlog.canonical import Json
from audit.tlog.errors import NoteError, TlogError
from audit.tlog.report import Report
from audit.tlog.spelling import HASH_BYTES, from_hex


class Retired(NamedTuple):
    """A key signs nothing larger than `at_size`; entry `told_by` says so."""

    at_size: int
    told_by: int


class Resumed(NamedTuple):
    """After a restored backup the log of the old origin went on under the new one, with its first `size` entries."""

    old_origin: str
    new_origin: str
    size: int
    told_by: int


class Fixed(NamedTuple):
    """The root over the histories of the subjects of the first `size` entries, as entry `told_by` has it."""

    size: int
    root: bytes
    subjects: int
    told_by: int


@dataclass(slots=True)
class Chronicle:
    """The events about the log, in order; what contradicts an earlier one is a finding."""

    report: Report
    announced: dict[note.Verifier, int] = field(default_factory=dict)
    retired: dict[note.Verifier, Retired] = field(default_factory=dict)
    resumed: list[Resumed] = field(default_factory=list)
    archived: list[tuple[int, int, int]] = field(default_factory=list)  # first bundle, last bundle, index
    fixed: list[Fixed] = field(default_factory=list)

    def take(self, index: int, raw: bytes) -> None:
        """Read one entry; those about other things are passed over.

        What an entry says is its writer's: nonsense is a finding, never an error that ends the verification.
        """
        try:
            value = entry.parse(raw)
        except TlogError as problem:
            self.report.add(where(index), problem)
            return
        event, data = value["event"], value["data"]
        assert isinstance(event, str)
        assert isinstance(data, dict)
        reader = _READERS.get(event)
        if reader is None:
            return
        try:
            reader(self, index, data)
        except TlogError as problem:
            self.report.add(where(index), problem)

    def first_size_of(self, origin: str, head_origin: str) -> int | None:
        """How many entries of the log of another origin this one went on with; None if it never did."""
        size: int | None = None
        while origin != head_origin:
            step = next((step for step in self.resumed if step.old_origin == origin), None)
            if step is None:
                return None
            size = step.size if size is None else min(size, step.size)
            origin = step.new_origin
        return size

    def archiving_entry(self, bundle: int) -> int | None:
        """The entry that says that a bundle was moved to the archive."""
        return next((index for first, last, index in self.archived if first <= bundle <= last), None)

    def _announce(self, index: int, data: Mapping[str, Json]) -> None:
        key = _key(data)
        if key in self.retired:
            _refuse(f"data.vkey: The key {short(key)} was retired by entry {self.retired[key].told_by} for good.")
        if key in self.announced:
            _refuse(f"data.vkey: Entry {self.announced[key]} announced the key {short(key)} already.")
        self.announced[key] = index

    def _retire(self, index: int, data: Mapping[str, Json]) -> None:
        key = _key(data)
        if key in self.retired:
            _refuse(f"data.vkey: Entry {self.retired[key].told_by} retired the key {short(key)} already.")
        self.retired[key] = Retired(_number(data, "at_size"), index)

    def _resume(self, index: int, data: Mapping[str, Json]) -> None:
        step = Resumed(_text(data, "old_origin"), _text(data, "new_origin"), _number(data, "restored_size"), index)
        if step.size > index:
            _refuse(f"data.restored_size: The log cannot go on after {step.size} entries here.")
        if step.old_origin == step.new_origin or any(step.new_origin == earlier.old_origin for earlier in self.resumed):
            _refuse(f"data.new_origin: {step.new_origin!r} was an origin of this log before.")
        self.resumed.append(step)

    def _archive(self, index: int, data: Mapping[str, Json]) -> None:
        first, last = _number(data, "first_bundle"), _number(data, "last_bundle")
        if not first <= last < index // tiles.WIDTH:
            _refuse(f"data.last_bundle: Bundles {first} to {last} are not full bundles before this entry.")
        self.archived.append((first, last, index))

    def _fix(self, index: int, data: Mapping[str, Json]) -> None:
        size = _number(data, "size")
        if size > index:
            _refuse(f"data.size: The histories of {size} entries cannot be known to an entry that is number {index}.")
        root = from_hex(data.get("root"), length=HASH_BYTES, error=NoteError)
        self.fixed.append(Fixed(size, root, _number(data, "subjects"), index))


_READERS = {
    "log.opened": Chronicle._announce,
    "log.key_added": Chronicle._announce,
    "log.key_retired": Chronicle._retire,
    "log.resumed": Chronicle._resume,
    "entries.archived": Chronicle._archive,
    histories.EVENT: Chronicle._fix,
}


def where(index: int) -> str:
    """The place of an entry, as findings name it."""
    return f"{tiles.bundle_path(index // tiles.WIDTH)}, entry {index}"


def short(key: note.Verifier) -> str:
    """A key's name and id."""
    return f"{key.name}+{key.key_id.hex()}"


def _key(data: Mapping[str, Json]) -> note.Verifier:
    key = note.Verifier.parse(_text(data, "vkey"))
    if key.key_type != note.ED25519:
        _refuse(f"data.vkey: The key of {key.name} is a witness's, not a log's.")
    return key


def _text(data: Mapping[str, Json], column: str) -> str:
    value = data.get(column)
    if not isinstance(value, str):
        raise NoteError(f"data.{column}: {str(value)[:80]!r} stands where a text must stand.")
    return value


def _number(data: Mapping[str, Json], column: str) -> int:
    value = data.get(column)
    if type(value) is not int or not 0 <= value <= merkle.MAX_SIZE:  # True is an int
        raise NoteError(f"data.{column}: {str(value)[:80]!r} stands where a whole number must stand.")
    return value


def _refuse(reason: str) -> NoReturn:
    raise NoteError(reason)
