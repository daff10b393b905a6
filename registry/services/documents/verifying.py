"""The public keys that exports are checked with."""

from dataclasses import dataclass

from audit.signing import keys
from registry import signatures
from registry.services.documents import envelopes, oms


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as tools of others take it. key_id: how a signature names it; signs: what it is used for."""

    name: str
    algorithm: str
    key_id: str
    pem: str
    signs: str


def public_keys() -> list[PublicKey]:
    """This server's keys but for the log's, which stand in the log itself."""
    signing, models = keys.private(signatures.KEY).public_key(), keys.ecdsa(oms.KEY).public_key()
    return [
        PublicKey(
            signatures.KEY, "Ed25519", envelopes.key_id(signing), keys.pem(signing).decode(), "decisions and statements"
        ),
        PublicKey(oms.KEY, "ECDSA P-256", envelopes.key_id(models), keys.pem(models).decode(), "model files"),
    ]
