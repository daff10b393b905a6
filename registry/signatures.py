"""Signatures of people: a statement that binds printed name, time, meaning and record, sealed by the server's key."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.views.decorators.debug import sensitive_variables

from audit.signing import keys
from audit.tlog import canonical
from registry import authentication
from registry.errors import SignatureRejected
from registry.models import User

KEY = "signing"


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature over the canonical JSON of a statement, in hex with its public key."""

    public_key: str
    signature: str


@sensitive_variables("password")
def authenticate(signer: User, password: str) -> None:
    """Check the password again, at this very signing. Raises SignatureRejected."""
    if authentication.is_right(signer, password):
        return
    minutes = authentication.locked_minutes(signer.username)
    if minutes:
        raise SignatureRejected(
            f"There were too many wrong passwords; wait {minutes} minutes. Nothing was signed.",
            remedy="If it was not you who tried them, tell a platform admin.",
        )
    raise SignatureRejected(
        "The password is not right, so nothing was signed.", remedy="Enter your own password again."
    )


def sign(statement: dict[str, Any]) -> Signature:
    """Sign a statement with the server's signing key."""
    key = keys.private(KEY)
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Signature(public_key=public.hex(), signature=key.sign(canonical.encode(statement)).hex())


def verify(statement: dict[str, Any], signature: Signature) -> bool:
    """Whether the signature is this server's and over exactly this statement."""
    public_key = keys.public(KEY)
    if signature.public_key != public_key.hex():
        return False
    try:
        raw = bytes.fromhex(signature.signature)
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw, canonical.encode(statement))
    except (InvalidSignature, ValueError):
        return False
    return True
