"""RFC 8785 canonical JSON, restricted to the values that every encoder writes alike.

The subset: None, booleans, text without NUL or lone surrogates, integers strictly between -2**53 and 2**53, lists, and
objects whose keys are one or more printable characters below U+10000, nested at most eight containers deep.
No floats: a metric is a decimal string. Subclasses of str and int (Django's choices) count as what they are. Text is
hashed as it stands; Unicode normalisation is the business of whoever takes the input.

On this subset `json.dumps` with sorted keys writes the bytes that RFC 8785 asks for: keys below U+10000 sort alike by
code point and by UTF-16 unit, and there are no floats to disagree about. The tests compare with the `rfc8785` package.
"""

import hashlib
import json
from typing import NoReturn, TypeAlias

from audit.tlog.errors import CanonicalError

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
MAX_DEPTH = 8
LAST_KEY_CHARACTER = "\uffff"
MAX_INTEGER = 2**53 - 1
_Path: TypeAlias = tuple["_Path", str | int] | None


def encode(value: object) -> bytes:
    """The canonical bytes of a value. Raises CanonicalError and names the place."""
    check(value)
    return _ENCODER.encode(value).encode()


def decode(raw: bytes) -> Json:
    """The value of canonical bytes. Raises CanonicalError for any other spelling of the same value."""
    try:
        value: Json = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError) as problem:
        raise CanonicalError(f"The bytes are not JSON of the log's subset: {problem}.") from problem
    if not _is_plain(raw):
        check(value)
    if _ENCODER.encode(value).encode() != raw:
        raise CanonicalError(
            "The bytes are a second spelling of their value, in order, spacing or escapes, or repeat a key."
        )
    return value


def digest(value: object) -> bytes:
    """SHA-256 of the canonical bytes."""
    return hashlib.sha256(encode(value)).digest()


def check(value: object) -> None:
    """Raise CanonicalError unless `encode` would take the value; for callers that encode with a faster library."""
    _check(value, 0, None)


def _is_plain(raw: bytes) -> bool:
    """Whether JSON that could be read needs no second look: text cannot be wrong without what is sought here.

    Printable ASCII only (the reader refuses control characters), no empty key, too few brackets to nest too deep.
    """
    return (
        raw.isascii()
        and b"\\" not in raw
        and b"\x7f" not in raw
        and b'"":' not in raw
        and raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
    )


def _check(value: object, depth: int, path: _Path) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            _refuse(path, f"an integer of {value.bit_length()} bits does not fit in 53; write it as text")
    elif isinstance(value, dict):
        _check_depth(depth, path)
        for key, item in value.items():
            if not isinstance(key, str) or not (key.isprintable() and key and max(key) <= LAST_KEY_CHARACTER):
                _refuse(path, f"the key {key!r} is not one or more printable characters below U+10000")
            _check(item, depth + 1, (path, key))
    elif isinstance(value, list):
        _check_depth(depth, path)
        for place, item in enumerate(value):
            _check(item, depth + 1, (path, place))
    else:
        hint = "; write it as a decimal string" if isinstance(value, float) else ""
        _refuse(path, f"a {type(value).__name__} has no agreed spelling{hint}")


def _check_text(value: str, path: _Path) -> None:
    if "\0" in value:
        _refuse(path, "the text holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(path, "the text holds a lone surrogate")


def _check_depth(depth: int, path: _Path) -> None:
    if depth >= MAX_DEPTH:
        _refuse(path, f"the value is nested more than {MAX_DEPTH} deep")


def _refuse(path: _Path, reason: str) -> NoReturn:
    place = ""
    while path is not None:
        path, step = path
        place = (f"[{step}]" if isinstance(step, int) else f".{step}") + place
    raise CanonicalError(f"At ${place}: {reason}.")


def _integer(text: str) -> int:
    # Length first: int() of a million digits would take minutes.
    if len(text) > 17 or not -MAX_INTEGER <= (number := int(text)) <= MAX_INTEGER:
        raise ValueError(f"the integer {text[:20]} does not fit in 53 bits")
    return number


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is a float")


# Made once: `json.dumps` and `json.loads` would make them for every value. What is encoded was checked: no circle.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
_DECODER = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float, parse_int=_integer)
