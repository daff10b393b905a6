"""Signatures over statements: by the server's key and by the signer's own, each checkable with a public key alone."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.signing import keys
from audit.tlog import canonical

KEY = "signing"


@dataclass(frozen=True, slots=True)
class Signature:
    """Two Ed25519 signatures over the canonical JSON of one statement, in hex with their public keys."""

    public_key: str
    signature: str
    personal_key: str
    personal_signature: str


def sign(statement: dict[str, Any], personal: Ed25519PrivateKey) -> Signature:
    """Sign a statement with the server's signing key and with the person's own."""
    message, own = canonical.encode(statement), keys.private(KEY)
    return Signature(
        public_key=public_hex(own),
        signature=own.sign(message).hex(),
        personal_key=public_hex(personal),
        personal_signature=personal.sign(message).hex(),
    )


def verify(statement: dict[str, Any], signature: Signature) -> bool:
    """Whether both signatures are over exactly this statement, and the first is this server's."""
    if signature.public_key != keys.public(KEY).hex():
        return False
    message = canonical.encode(statement)
    return _made(signature.public_key, signature.signature, message) and _made(
        signature.personal_key, signature.personal_signature, message
    )


def public_hex(key: Ed25519PrivateKey) -> str:
    """The raw public key, in hex."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()


def _made(public_key: str, signature: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
