"""Commitments to what may have to be erased: SHA-256("audit/seal/v1\\n" || salt || canonical JSON of [field, value]).

The entry holds the commitment for ever; salt and value stand elsewhere. With the salt gone, nobody can guess the value.
"""

import hashlib
import hmac
import secrets

from audit.tlog import canonical
from audit.tlog.errors import CanonicalError

SALT_BYTES = 32
_DOMAIN = b"audit/seal/v1\n"


def new_salt() -> bytes:
    """A salt for one commitment; never used twice."""
    return secrets.token_bytes(SALT_BYTES)


def commit(field: str, value: object, salt: bytes) -> bytes:
    """The commitment to a field's value. Raises CanonicalError for a value without a canonical spelling."""
    return commit_to(canonical.encode([field, value]), salt)


def commit_to(encoded: bytes, salt: bytes) -> bytes:
    """The same, where the canonical JSON of [field, value] was written before."""
    if len(salt) != SALT_BYTES:
        raise CanonicalError(f"A seal's salt has {SALT_BYTES} bytes; this one has {len(salt)}.")
    return hashlib.sha256(_DOMAIN + salt + encoded).digest()


def matches(commitment: bytes, field: str, value: object, salt: bytes) -> bool:
    """Whether the commitment is to that value under that salt."""
    return hmac.compare_digest(commitment, commit(field, value, salt))
