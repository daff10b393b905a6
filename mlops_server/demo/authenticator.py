"""What an authenticator application does with its secret: the one-time code of a half minute (RFC 6238)."""

from base64 import b32decode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

DIGITS, STEP_SECONDS = 6, 30


def code(secret: str, step: int) -> str:
    """The code of one time step; the secret in Base32, as it was shown at the enrolment."""
    return HOTP(b32decode(secret), DIGITS, SHA1()).generate(step).decode()
