"""Ed25519 verification (RFC 8032, 5.1.7) in plain Python, for a verifier on a machine without `cryptography`.

Only public values come here, so nothing runs in constant time; signing is left to `cryptography`. Points are extended
homogeneous coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z. The formula for adding is complete: it doubles too.
"""

import hashlib
from typing import TypeAlias

from audit.tlog.errors import SignatureError

Point: TypeAlias = tuple[int, int, int, int]

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, PRIME) % PRIME
_ROOT_OF_MINUS_1 = pow(2, (PRIME - 1) // 4, PRIME)
_IDENTITY: Point = (0, 1, 1, 0)
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The y of the eight points of small order: under such a key, a signature for any message can be made by anyone.
_SMALL_ORDER = {0, 1, PRIME - 1, _EIGHTH, PRIME - _EIGHTH}


def check_encoding(public_key: bytes, signature: bytes) -> None:
    """Refuse what has a second spelling or means nothing, before any engine looks at it. Raises SignatureError.

    RFC 8032 asks for the canonical y and S, but libraries differ there; keys of small order it merely allows.
    """
    if len(public_key) != 32 or len(signature) != 64:
        raise SignatureError("An Ed25519 key has 32 bytes and a signature 64.")
    y = _number(public_key) % 2**255
    if y >= PRIME or y in _SMALL_ORDER:
        raise SignatureError("The Ed25519 key is no canonical point, or one of small order, which proves nothing.")
    if _number(signature[32:]) >= ORDER:
        raise SignatureError("The second half of the Ed25519 signature is not below the group's order.")


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check [S]B = R + [k]A, without a cofactor and with R byte for byte, as OpenSSL does. Raises SignatureError."""
    check_encoding(public_key, signature)
    key = _decode(public_key)
    challenge = hashlib.sha512(signature[:32] + public_key + message).digest()
    computed = _multiply_and_add(_number(signature[32:]), _BASE, _number(challenge) % ORDER, _negative(key))
    if _encode(computed) != signature[:32]:
        raise SignatureError("The Ed25519 signature does not belong to this key and message.")


def _multiply_and_add(first: int, one: Point, second: int, other: Point) -> Point:
    """[first]one + [second]other, bit by bit from the top for both at once."""
    choices = (_IDENTITY, one, other, _add(one, other))
    total = _IDENTITY
    for place in range(max(first.bit_length(), second.bit_length()) - 1, -1, -1):
        total = _add(total, total)
        choice = (first >> place & 1) + 2 * (second >> place & 1)
        if choice:
            total = _add(total, choices[choice])
    return total


def _add(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % PRIME, (y1 + x1) * (y2 + x2) % PRIME
    c, d = 2 * t1 * t2 * _D % PRIME, 2 * z1 * z2 % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return -x % PRIME, y, z, -t % PRIME


def _decode(raw: bytes) -> Point:
    number = _number(raw)
    y, odd = number % 2**255, number >> 255
    x = _x_of(y)
    if x is None or (x == 0 and odd):
        raise SignatureError("The Ed25519 key is not a point of the curve.")
    if x & 1 != odd:
        x = PRIME - x
    return x, y, 1, x * y % PRIME


def _x_of(y: int) -> int | None:
    """A square root of (y² - 1) / (dy² + 1), if there is one."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * _ROOT_OF_MINUS_1 % PRIME
    return x if x * x % PRIME == square else None


def _encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, PRIME)
    return (y * inverse % PRIME | (x * inverse % PRIME & 1) << 255).to_bytes(32, "little")


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


_BASE = _decode(bytes([0x58]) + bytes([0x66]) * 31)
