"""sigstore-python, which verifies Rekor's logs, judges our checkpoints and inclusion proofs."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint, verify_checkpoint
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.errors import VerificationError
from sigstore.models import TransparencyLogEntry
from sigstore_models.common.v1 import PublicKey, PublicKeyDetails
from sigstore_models.rekor.v1 import TransparencyLogEntry as Message

from audit.tlog import note
from tests.audit.judges.logs import Log
from tests.audit.tlog.examples import LOG, STRANGER


def keyring(verifier: note.Verifier) -> RekorKeyring:
    key = Ed25519PublicKey.from_public_bytes(verifier.public_key)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raw = base64.b64encode(der)
    return RekorKeyring(Keyring([PublicKey(raw_bytes=raw, key_details=PublicKeyDetails.PKIX_ED25519)]))


def entry(log: Log, leaf: bytes, index: int, hashes: list[bytes] | None = None) -> TransparencyLogEntry:
    """A leaf with its proof and our checkpoint, as sigstore's own bundles carry them."""
    proof = {
        "log_index": str(index),
        "tree_size": str(log.size),
        "root_hash": base64.b64encode(log.head.root),
        "hashes": [base64.b64encode(value) for value in (log.inclusion(index) if hashes is None else hashes)],
        "checkpoint": {"envelope": log.signed.decode()},
    }
    message = {
        "log_index": str(index),
        "log_id": {"key_id": base64.b64encode(LOG.verifier.key_id)},
        "kind_version": {"kind": "audit", "version": "1"},
        "inclusion_proof": proof,
        "canonicalized_body": base64.b64encode(leaf),
    }
    return TransparencyLogEntry(Message.model_validate(message))


def test_checkpoint_of_our_log_is_read_and_believed(log: Log) -> None:
    read = SignedCheckpoint.from_text(log.signed.decode()).checkpoint
    assert (read.origin, read.log_size, read.log_hash, read.other_content) == (
        log.head.origin,
        log.size,
        log.head.root.hex(),
        [],
    )
    verify_checkpoint(keyring(LOG.verifier), entry(log, log.leaves()[0], 0))


def test_checkpoint_under_another_key_is_refused(log: Log) -> None:
    with pytest.raises(VerificationError, match="invalid signature"):
        verify_checkpoint(keyring(STRANGER.verifier), entry(log, log.leaves()[0], 0))


def test_inclusion_of_every_entry_is_accepted(log: Log) -> None:
    for index, leaf in enumerate(log.leaves()):
        verify_merkle_inclusion(entry(log, leaf, index))


def test_inclusion_in_a_log_of_three_levels_is_accepted(large_log: Log) -> None:
    leaves = large_log.leaves()
    for index in (0, 1, 255, 256, 65_279, 65_535, 65_536, 69_887, 69_888, 69_999):
        verify_merkle_inclusion(entry(large_log, leaves[index], index))


def test_inclusion_of_another_entry_or_with_a_changed_proof_is_refused(large_log: Log) -> None:
    leaf, hashes = large_log.leaves()[65_535], large_log.inclusion(65_535)
    wrong = [
        entry(large_log, leaf + b"\0", 65_535),
        entry(large_log, leaf, 65_535, [bytes(32), *hashes[1:]]),
        entry(large_log, leaf, 65_535, hashes[:-1]),
        entry(large_log, leaf, 65_534, hashes),
    ]
    for one in wrong:
        with pytest.raises(VerificationError):
            verify_merkle_inclusion(one)
