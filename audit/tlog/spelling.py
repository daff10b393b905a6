"""One spelling per value: parsers for base64, hex and decimals that refuse every other way to write the same thing."""

import base64
import binascii
import re

from audit.tlog.errors import TlogError

HASH_BYTES = 32
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_LIMIT = 2**63


def from_base64(text: str, *, error: type[TlogError]) -> bytes:
    """Standard base64 with padding. A decoder alone would also take stray bits in the last character."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as problem:
        raise error(f"{text[:80]!r} is not base64: {problem}.") from problem
    if to_base64(raw) != text:
        raise error(f"{text[:80]!r} is a second spelling of base64; {to_base64(raw)[:80]!r} is the first.")
    return raw


def to_base64(raw: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(raw).decode("ascii")


def from_hex(text: object, *, length: int, error: type[TlogError]) -> bytes:
    """Lower-case hex of exactly `length` bytes."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-f]*", text) or len(text) != 2 * length:
        raise error(f"Expected {2 * length} lower-case hex digits, got {str(text)[:80]!r}.")
    return bytes.fromhex(text)


def from_decimal(text: str, *, error: type[TlogError]) -> int:
    """A whole number from 0 to 2**63 - 1, in ASCII digits without leading zeroes."""
    if not _DECIMAL.fullmatch(text) or int(text) >= _LIMIT:
        raise error(f"{text[:80]!r} is not a whole number below 2**63 in plain decimal digits.")
    return int(text)
