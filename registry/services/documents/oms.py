"""OpenSSF Model Signing: a signature on an artifact that `model_signing verify key` accepts, in a Sigstore bundle.

The verifier takes elliptic-curve keys and no Ed25519, so this one has a key of its own, ECDSA on P-256.
"""

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from audit.signing import keys
from audit.tlog import canonical
from registry import artifacts
from registry.errors import Conflict
from registry.models import ModelVersion
from registry.services.documents import envelopes
from registry.services.documents.statements import FILE_NAME

KEY = "oms"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"


def bundle(version: ModelVersion) -> dict[str, Any]:
    """The signature on the version's file, which is read and held against its digest first.

    The same file always has the same signature (RFC 6979). Raises Conflict where the file is gone or changed.
    """
    file_of(version)
    payload, key = canonical.encode(_statement(version)), keys.ecdsa(KEY)
    made = key.sign(envelopes.pre_authentication(payload), ECDSA(SHA256(), deterministic_signing=True))
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": envelopes.key_id(key.public_key())}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": envelopes.PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(made).decode(), "keyid": ""}],
        },
    }


def file_of(version: ModelVersion) -> bytes:
    """The registered file, held against its digest. Raises Conflict where it is gone or changed."""
    try:
        return artifacts.read(version.artifact_digest)
    except (FileNotFoundError, artifacts.ArtifactCorrupt) as error:
        raise Conflict(
            "The artifact's file is gone or is not the one that was registered.",
            remedy="Look at the version's lifecycle; a file that changed by itself is an incident.",
        ) from error


def _statement(version: ModelVersion) -> dict[str, Any]:
    """The manifest of a model that is one file: the file is `.`, and the model's digest is one over its files'."""
    digest = version.artifact_digest
    predicate = {
        "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
        "resources": [{"name": ".", "algorithm": "sha256", "digest": digest}],
    }
    whole = hashlib.sha256(bytes.fromhex(digest)).hexdigest()
    return envelopes.statement(
        [{"name": FILE_NAME, "digest": {"sha256": whole}}], predicate_type=PREDICATE_TYPE, predicate=predicate
    )
