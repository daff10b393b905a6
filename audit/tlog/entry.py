"""The shape of a log entry, version 1: the one schema that the writer promises and the verifier demands."""

import re
from collections.abc import Callable
from datetime import datetime

from audit.tlog import canonical
from audit.tlog.canonical import Json
from audit.tlog.errors import EntryError

MAX_BYTES = 65_535
VERSION = 1
_REQUIRED = {"v", "id", "event", "subject", "actor", "at", "request", "row", "sealed", "data"}
_OPTIONAL = {"rows", "changes"}
_KNOWN = _REQUIRED | _OPTIONAL
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
# From hour 0 to 23: newer versions of Python would read 24:00 as well.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def parse(raw: bytes) -> dict[str, Json]:
    """The entry in a leaf's bytes. Raises CanonicalError, EntryError."""
    if len(raw) > MAX_BYTES:
        raise EntryError(f"The entry has {len(raw)} bytes; a log takes at most {MAX_BYTES}.")
    value = canonical.decode(raw)
    if not isinstance(value, dict):
        raise EntryError("The entry is not a JSON object.")
    check(value)
    return value


def check(value: dict[str, Json]) -> None:
    """Raise EntryError unless the object has exactly the members of an entry, each of its kind."""
    if not _REQUIRED <= value.keys() <= _KNOWN:
        missing, extra = sorted(_REQUIRED - value.keys()), sorted(value.keys() - _KNOWN)
        raise EntryError(f"The entry lacks the members {missing} and has the unknown members {extra}.")
    for name, member in value.items():
        if not _RULES[name](member):
            raise EntryError(f"The entry's {name!r} is not as version {VERSION} wants it: {str(member)[:80]!r}.")


def _is_version(member: Json) -> bool:
    return type(member) is int and member == VERSION


def _is_uuid(member: Json) -> bool:
    return isinstance(member, str) and _UUID.fullmatch(member) is not None


def _is_event(member: Json) -> bool:
    return isinstance(member, str) and _EVENT.fullmatch(member) is not None


def _is_subject(member: Json) -> bool:
    return isinstance(member, dict) and member.keys() == {"type", "id"} and all(map(_is_name, member.values()))


def _is_name(member: Json) -> bool:
    return isinstance(member, str) and member != ""


def _is_time(member: Json) -> bool:
    if not isinstance(member, str) or not _TIME.fullmatch(member):
        return False
    try:
        datetime.fromisoformat(member.removesuffix("Z") + "+00:00")
    except ValueError:
        return False
    return True


def _is_text_or_null(member: Json) -> bool:
    return member is None or isinstance(member, str)


def _is_digest(member: Json) -> bool:
    return isinstance(member, str) and _DIGEST.fullmatch(member) is not None


def _is_digest_or_null(member: Json) -> bool:
    return member is None or _is_digest(member)


def _is_digests(member: Json) -> bool:
    return isinstance(member, dict) and all(map(_is_digest, member.values()))


def _is_object(member: Json) -> bool:
    return isinstance(member, dict)


_RULES: dict[str, Callable[[Json], bool]] = {
    "v": _is_version,
    "id": _is_uuid,
    "event": _is_event,
    "subject": _is_subject,
    "actor": _is_name,
    "at": _is_time,
    "request": _is_text_or_null,
    "row": _is_digest_or_null,
    "rows": _is_digests,
    "changes": _is_digest,
    "sealed": _is_digests,
    "data": _is_object,
}
