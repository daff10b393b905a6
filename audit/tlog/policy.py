"""C2SP tlog-policy: the trust file that names logs, witnesses and the quorum of them that must have cosigned.

log <vkey> [<url>] · witness <name> <vkey> [<url>] · group <name> <any|all|k> <member>... · quorum <name|none>
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from audit.tlog import note
from audit.tlog.errors import NoteError, PolicyError

MAX_BYTES = 256 * 1024
NONE = "none"
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}")
_SHAPES = {
    "log": "log <vkey> [<url>]",
    "witness": "witness <name> <vkey> [<url>]",
    "group": "group <name> <any|all|k> <member>...",
    "quorum": "quorum <name|none>",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A log or a witness: its key, and where it answers."""

    key: note.Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnessed when `threshold` of its members are."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Which logs and witnesses are known, and which witnesses together suffice. Names have a meaning only in here."""

    logs: tuple[Known, ...]
    witnesses: Mapping[str, Known]
    groups: Mapping[str, Group]
    quorum: str

    @property
    def verifiers(self) -> tuple[note.Verifier, ...]:
        """Every key of the policy."""
        return tuple(known.key for known in (*self.logs, *self.witnesses.values()))

    def is_reached(self, cosigners: Iterable[note.Verifier]) -> bool:
        """Whether these witnesses together are the quorum."""
        keys = {key.public_key for key in cosigners}
        witnessed = {NONE, *(name for name, known in self.witnesses.items() if known.key.public_key in keys)}
        for name, group in self.groups.items():  # in the order of their lines: members come first
            if len(witnessed.intersection(group.members)) >= group.threshold:
                witnessed.add(name)
        return self.quorum in witnessed

    def demand(self) -> str:
        """What the quorum asks for, in words: ``2 of (w1, w2, all of (w3, w4))``."""
        words = {NONE: "no witness"} | {name: name for name in self.witnesses}
        for name, group in self.groups.items():
            share = "all" if group.threshold == len(group.members) else str(group.threshold)
            words[name] = f"{share} of ({', '.join(words[member] for member in group.members)})"
        return words[self.quorum]


def parse(raw: bytes) -> Policy:
    """Read a policy file. Raises PolicyError, which names the line and how to mend it."""
    if len(raw) > MAX_BYTES:
        raise PolicyError(f"The policy has {len(raw)} bytes, more than {MAX_BYTES}.")
    # Octets above 0x7F are opaque, but different ones must stay different.
    lines = raw.decode(errors="surrogateescape").split("\n")
    if lines.pop():
        raise PolicyError(f"Line {len(lines) + 1} does not end in a newline: is the file whole? Then end it with one.")
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        reader.take(number, line)
    if reader.quorum is None:
        raise PolicyError("The policy has no quorum line. Add `quorum <name>`, or `quorum none` to ask for no witness.")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)


@dataclass(slots=True)
class _Reader:
    """Takes a policy line by line."""

    logs: list[Known] = field(default_factory=list)
    witnesses: dict[str, Known] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    members: set[str] = field(default_factory=set)
    number: int = 0

    def take(self, number: int, line: str) -> None:
        """Read one line."""
        self.number = number
        if any((character < " " and character != "\t") or character == "\x7f" for character in line):
            self._refuse("The line holds a control character; end lines with a newline alone and indent with spaces")
        words = [word for word in re.split("[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            return
        match words:
            case ["log", vkey]:
                self._log(vkey, None)
            case ["log", vkey, url]:
                self._log(vkey, url)
            case ["witness", name, vkey]:
                self._witness(name, vkey, None)
            case ["witness", name, vkey, url]:
                self._witness(name, vkey, url)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                self._quorum(name)
            case [word, *_] if word in _SHAPES:
                self._refuse(f"A {word} line is `{_SHAPES[word]}`")
            case _:
                self._refuse(f"A line begins with log, witness, group or quorum, not with {words[0][:40]!r}")

    def _log(self, vkey: str, url: str | None) -> None:
        key = self._key(vkey, note.ED25519, "a log's key has type 0x01")
        if any(known.key.public_key == key.public_key for known in self.logs):
            self._refuse("Another log line has the same key; keep one of the two")
        self.logs.append(Known(key, url))

    def _witness(self, name: str, vkey: str, url: str | None) -> None:
        key = self._key(vkey, note.COSIGNATURE, "a witness's key has type 0x04")
        if any(known.key.public_key == key.public_key for known in self.witnesses.values()):
            self._refuse("Another witness line has the same key, which would count twice; keep one of the two")
        self._check_new(name)
        self.witnesses[name] = Known(key, url)

    def _group(self, name: str, threshold: str, members: Sequence[str]) -> None:
        self._check_new(name)
        for member in members:
            self._check_defined(member)
            if member in self.members:
                self._refuse(f"{member!r} is a member already, and nobody counts twice; list it once")
            self.members.add(member)
        number = {"any": "1", "all": str(len(members))}.get(threshold, threshold)
        if not _THRESHOLD.fullmatch(number) or int(number) > len(members):
            self._refuse(f"{threshold[:40]!r} is not any, all or a number from 1 to {len(members)}, the members given")
        self.groups[name] = Group(int(number), tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            self._refuse("A policy has one quorum line; join two demands with `group <name> all <first> <second>`")
        if name != NONE:
            self._check_defined(name)
        self.quorum = name

    def _check_new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            self._refuse(f"The name {name!r} is taken; witnesses and groups share their names, and none means nobody")

    def _check_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            self._refuse(f"{name!r} is no witness or group of a line above; define it before it is used")

    def _key(self, vkey: str, key_type: int, wanted: str) -> note.Verifier:
        try:
            key = note.Verifier.parse(vkey)
        except NoteError as problem:
            self._refuse(str(problem).removesuffix("."))
        if key.key_type != key_type:
            self._refuse(f"The key of {key.name} has type 0x{key.key_type:02x}; {wanted}")
        return key

    def _refuse(self, reason: str) -> NoReturn:
        raise PolicyError(f"Line {self.number}: {reason}.")
