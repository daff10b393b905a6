"""in-toto statements in DSSE envelopes, signed with the server's key: github.com/secure-systems-lab/dsse, v1.0."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.events import plain
from audit.signing import keys
from audit.tlog import canonical
from registry import signatures

MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


def statement(
    subjects: Sequence[Mapping[str, Any]], *, predicate_type: str, predicate: Mapping[str, Any]
) -> dict[str, Any]:
    """An in-toto Statement v1; floats become their exact decimals, as everywhere in what is signed."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": list(subjects),
        "predicateType": predicate_type,
        "predicate": plain(predicate),
    }


def sealed(statement: dict[str, Any]) -> dict[str, Any]:
    """The envelope around a statement, with the server's Ed25519 signature."""
    payload, key = canonical.encode(statement), keys.private(signatures.KEY)
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": key_id(key.public_key()),
                "sig": base64.b64encode(key.sign(pre_authentication(payload))).decode(),
            }
        ],
    }


def key_id(key: Ed25519PublicKey | EllipticCurvePublicKey) -> str:
    """How a signature names its key: SHA-256 of its PEM, in hex."""
    return hashlib.sha256(keys.pem(key)).hexdigest()


def pre_authentication(payload: bytes) -> bytes:
    """What is signed: the type and the payload, each with its length, so that neither passes for the other."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
