"""Claims inside records that anyone can recheck: Merkle roots over listed leaves, and people's signatures."""

from collections.abc import Collection, Iterator

from audit.tlog import anchors, canonical, merkle, signatures
from audit.tlog.canonical import Json
from audit.tlog.errors import ProofError, SignatureError
from audit.tlog.spelling import HASH_BYTES, from_hex

MERKLE = {"merkle_root", "leaves"}
SIGNATURE = {"signed", "public_key", "signature", "statement"}


def objects(value: Json) -> Iterator[dict[str, Json]]:
    """Every object inside a value, itself included."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def check_merkle_root(claim: dict[str, Json]) -> None:
    """Recompute ``{"merkle_root": hex, "leaves": [hex, ...]}``. Raises ProofError."""
    leaves = claim["leaves"]
    if not isinstance(leaves, list):
        raise ProofError("The leaves of a Merkle root are not a list.")
    computed = merkle.root([merkle.leaf_hash(_leaf(leaf)) for leaf in leaves])
    if computed != from_hex(claim["merkle_root"], length=HASH_BYTES, error=ProofError):
        raise ProofError(f"The {len(leaves)} leaves have the Merkle root {computed.hex()}, not {claim['merkle_root']}.")


def check_signature(claim: dict[str, Json], known_digests: Collection[str]) -> bytes:
    """Verify a person's signature over a statement that names what was signed; returns the key. Raises ProofError.

    claim: ``{"signed": digest, "public_key": hex, "signature": hex, "statement": {...}}``, maybe with more members.
    known_digests: what a signature may be about: records of the pack, and the data of proven entries.
    """
    signed, statement = claim["signed"], claim["statement"]
    if not isinstance(signed, str) or signed not in known_digests:
        raise ProofError(f"A signature is about {str(signed)[:80]}, which this pack does not hold.")
    if not isinstance(statement, dict) or all(text != signed for _, text in anchors.mentions(statement)):
        raise ProofError(f"The statement that was signed does not name {signed}.")
    public_key = from_hex(claim["public_key"], length=32, error=ProofError)
    signature = from_hex(claim["signature"], length=64, error=ProofError)
    try:
        signatures.verify(public_key, signature, canonical.encode(statement))
    except SignatureError as problem:
        raise ProofError(f"The signature over {signed} by the key {public_key.hex()} is not valid.") from problem
    return public_key


def check_agreement(claim: dict[str, Json], held_by: dict[str, Json], name: str) -> None:
    """A signature and the entry that holds it must say the same wherever both speak. Raises ProofError.

    Both speak of: the members of the entry's data; the subject, under the name of its type, and the one that the data
    names as "subject_type" and "subject"; the actor, whom a statement calls its signer; and the record that was signed,
    where the data has a member of that name.
    """
    statement, data, subject = claim["statement"], held_by["data"], held_by["subject"]
    if not isinstance(statement, dict) or not isinstance(data, dict) or not isinstance(subject, dict):
        raise ProofError(f"The signature in {name} stands beside no statement.")
    told = {**data, "signer": held_by["actor"], str(subject["type"]): subject["id"]}
    if isinstance(data.get("subject_type"), str):  # the entry is about the signature, whose record it names so
        told[str(data["subject_type"])] = data.get("subject")
    for member in sorted(statement.keys() & told.keys()):
        if statement[member] != told[member]:
            raise ProofError(
                f"The statement that was signed says {member} {str(statement[member])[:80]!r}, "
                f"but {name}, which holds it, says {str(told[member])[:80]!r}."
            )
    if data.get("record", claim["signed"]) != claim["signed"]:
        raise ProofError(
            f"The signature is over {claim['signed']}, but {name}, which holds it, is about {data['record']}."
        )


def _leaf(leaf: Json) -> bytes:
    return from_hex(leaf, length=len(leaf) // 2 if isinstance(leaf, str) else 0, error=ProofError)
