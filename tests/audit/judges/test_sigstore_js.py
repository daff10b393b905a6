"""sigstore-js, which npm verifies provenance with, judges our checkpoints and inclusion proofs."""

import base64
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.tlog import note
from tests.audit.judges import node
from tests.audit.judges.logs import Log
from tests.audit.tlog.examples import LOG, STRANGER


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def case(log: Log, index: int, leaf: bytes, verifier: note.Verifier = LOG.verifier) -> dict[str, Any]:
    key = Ed25519PublicKey.from_public_bytes(verifier.public_key)
    return {
        "name": verifier.name,
        "keyId": verifier.key_id.hex(),
        "publicKey": text(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        "checkpoint": log.signed.decode(),
        "leaf": text(leaf),
        "index": index,
        "hashes": [text(value) for value in log.inclusion(index)],
    }


def judged(node_modules: Path, cases: list[dict[str, Any]]) -> list[str]:
    verdicts: list[str] = node.run("sigstore.mjs", node_modules, cases)
    return verdicts


def test_checkpoint_and_inclusion_of_every_entry_are_accepted(log: Log, node_modules: Path) -> None:
    cases = [case(log, index, leaf) for index, leaf in enumerate(log.leaves())]
    assert judged(node_modules, cases) == ["accepted"] * log.size


def test_inclusion_in_a_log_of_three_levels_is_accepted(large_log: Log, node_modules: Path) -> None:
    leaves = large_log.leaves()
    cases = [case(large_log, index, leaves[index]) for index in (0, 1, 255, 256, 65_535, 65_536, 69_888, 69_999)]
    assert judged(node_modules, cases) == ["accepted"] * len(cases)


def test_wrong_cases_are_refused_each_for_its_reason(large_log: Log, node_modules: Path) -> None:
    right = case(large_log, 65_535, large_log.leaves()[65_535])
    wrong = [
        right | {"leaf": text(b"another")},
        right | {"index": 65_534},
        right | {"index": 70_000},
        right | {"hashes": right["hashes"][:-1]},
        right | {"checkpoint": right["checkpoint"].replace("\n70000\n", "\n69999\n")},
        case(large_log, 65_535, large_log.leaves()[65_535], STRANGER.verifier),
    ]
    root, key = "calculated root hash does not match inclusion proof", "invalid checkpoint signature"
    assert judged(node_modules, wrong) == [root, root, "invalid index: 70000", "invalid hash count", key, key]
