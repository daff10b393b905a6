"""Keys, entries, logs and packs that the tests of the transparency log share."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.tlog import canonical, checkpoint, merkle, note, pack, proof, seal, tiles

ORIGIN = "models.example.org/audit"
SALT = bytes(range(32))
REASON = "Fairness gap closed; see the second report."


def key(words: str) -> Ed25519PrivateKey:
    """A private key whose seed is the SHA-256 of some words."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(words.encode()).digest())


LOG = note.Signer(ORIGIN, key("log key for tests only"))
WITNESS = note.Cosigner("witness.example.org/w1", key("witness key for tests only"), time=1_700_000_000)
STRANGER = note.Signer(ORIGIN, key("somebody else"))
PERSON = key("a person")


def entry(number: int, **members: Any) -> bytes:
    """The bytes of a valid entry about promotion 42."""
    value = {
        "v": 1,
        "id": f"018f0000-0000-7000-8000-{number:012d}",
        "event": "promotion.approved",
        "subject": {"type": "promotion", "id": "42"},
        "actor": "person:7",
        "at": f"2026-01-01T00:00:00.{number:06d}Z",
        "request": "",
        "row": None,
        "sealed": {},
        "data": {"number": number},
    }
    return canonical.encode(value | members)


def head(leaves: list[bytes], *signers: note.Signer) -> bytes:
    """A signed checkpoint over entries."""
    root = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves])
    return note.sign(checkpoint.Checkpoint(ORIGIN, len(leaves), root).text(), *(signers or (LOG,)))


def proof_of(leaves: list[bytes], index: int, signed: bytes) -> bytes:
    """The tlog-proof file of one entry."""
    hashes = merkle.inclusion_proof([merkle.leaf_hash(leaf) for leaf in leaves], index)
    return proof.TlogProof(index, tuple(hashes), signed).format()


def hashes(count: int) -> list[bytes]:
    """Leaf hashes that differ."""
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def signature_by(person: Ed25519PrivateKey, digest: str, **statement: Any) -> dict[str, Any]:
    """A person's signature as a record holds it."""
    said = {"meaning": "approval", "of": digest} | statement
    return {
        "signed": digest,
        "public_key": person.public_key().public_bytes_raw().hex(),
        "signature": person.sign(canonical.encode(said)).hex(),
        "statement": said,
    }


def merkle_claim(leaves: list[str]) -> dict[str, Any]:
    """A Merkle root over leaves given in hex, as a record holds it."""
    root = merkle.root([merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in leaves])
    return {"merkle_root": root.hex(), "leaves": leaves}


def example_pack(*signers: note.Signer) -> pack.Pack:
    """A pack with everything a pack can hold: entries 2 and 5 of 7, records in a chain, a disclosure, a file, keys."""
    card = b"%PDF model card"
    policy = pack.Record.of("policy", {"kind": "policy", "name": "credit policy 3", "minimum": "0.80"})
    dataset = pack.Record.of("dataset", {"name": "applications", "rows": merkle_claim(["00", "beef", "cafe01"])})
    evidence = {"dataset": dataset.digest, "card": hashlib.sha256(card).hexdigest()}
    evaluation = pack.Record.of("evaluation", evidence | {"kind": "evaluation"})
    approval = pack.Record.of("signature", {"approvals": [signature_by(PERSON, policy.digest)]})
    disclosure = pack.Disclosure("reason", SALT, REASON)
    leaves = [entry(number) for number in range(7)]
    data = {"policy": policy.digest, "evidence": [evaluation.digest], "signature": approval.digest}
    data["title"] = "credit policy 3"
    leaves[2] = entry(2, data=data, row="ab" * 32, sealed={"reason": disclosure.commitment})
    leaves[5] = entry(5, rows={"registry_slot/9": "cd" * 32})
    signed = head(leaves, *(signers or (LOG, WITNESS)))
    return pack.Pack(
        origin=ORIGIN,
        about=pack.About("promotion", "42", "credit policy 3"),
        entries=[pack.ProvenEntry(index, leaves[index], proof_of(leaves, index, signed)) for index in (2, 5)],
        records=[policy, dataset, evaluation, approval],
        disclosures=[disclosure],
        keys={"log.vkey": LOG.verifier, "witness.vkey": WITNESS.verifier},
        files={"card.pdf": card},
    )


def opens(commitment: bytes) -> bool:
    """Whether the example's disclosure opens a commitment."""
    return seal.matches(commitment, "reason", REASON, SALT)


def publish(folder: Path, leaves: list[bytes], *signers: note.Signer, old: int = 0) -> None:
    """Write a log directory: bundles, tiles, checkpoint. With `old`, only what is new since that size."""
    leaf_hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    files: dict[str, bytes] = {}
    for path in tiles.new_bundles(old, len(leaves)):
        start = path.n * tiles.WIDTH
        files[tiles.bundle_path(path.n, path.width)] = tiles.encode_bundle(leaves[start : start + path.width])
    for level, n, width in tiles.new_tiles(old, len(leaves)):
        assert level is not None
        span = tiles.WIDTH**level
        row = [merkle.root(leaf_hashes[(n * 256 + i) * span : (n * 256 + i + 1) * span]) for i in range(width)]
        files[tiles.tile_path(level, n, width)] = tiles.encode_tile(row)
    write(folder, files | {"checkpoint": head(leaves, *signers)})


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
