"""A promotion's whole life in a log that others use too, in the shape in which the registry writes it."""

import hashlib
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.tlog import canonical, entry, histories, merkle, note, pack, ranges
from audit.tlog.completeness import Claim, Completeness
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, ORIGIN, WITNESS

PROMOTION = "018f0000-0000-7000-8000-0000000000aa"
TITLE = "credit-risk 3 to retail-credit"
CARD = b"%PDF model card"
REASON = "The gap between the groups grew since the first report."
SIGNING_KEY = examples.key("signing key for tests only")
FACTOR = ("signing_factor", "018f0000-0000-7000-8000-0000000000ff")
OWN_KEY = examples.key("the own key of person 7, for tests only")
SIGNING = note.Signer(f"{ORIGIN}/signing", SIGNING_KEY)

POLICY = pack.Record.of("PromotionPolicy", {"kind": "PromotionPolicy", "metadata": {"name": "credit", "version": 3}})
EVALUATION = pack.Record.of("evaluation", {"kind": "evaluation", "metric": "roc_auc", "value": "0.861", "n": 1500})
RECORD = pack.Record.of(
    "promotion",
    {
        "kind": "promotion",
        "id": PROMOTION,
        "title": TITLE,
        "policy": POLICY.digest,
        "evidence": {
            "merkle_root": merkle.root([merkle.leaf_hash(bytes.fromhex(EVALUATION.digest))]).hex(),
            "leaves": [EVALUATION.digest],
        },
        "card": hashlib.sha256(CARD).hexdigest(),
    },
)
REFUSAL = pack.Disclosure("reason", examples.SALT, REASON)


def hex_of(key: Ed25519PrivateKey) -> str:
    """The public part."""
    return key.public_key().public_bytes_raw().hex()


def signature(verdict: str, role: str, *, own: Ed25519PrivateKey | None = OWN_KEY, **changes: Any) -> pack.Record:
    """The record of one signature on the promotion, as `registry.records.signature` makes it.

    own: the signer's own key; None: as before people had one.
    """
    said = {
        "statement": "decision",
        "promotion": PROMOTION,
        "record_digest": RECORD.digest,
        "verdict": verdict,
        "role": role,
        "meaning": "review",
        "signer": "person:7",
        "printed_name": "Ada Example",
        "signed_at": "2026-01-01T00:00:00.000000Z",
    } | changes
    message = canonical.encode(said)
    claim = {"signed": RECORD.digest, "public_key": hex_of(SIGNING_KEY), "signature": SIGNING_KEY.sign(message).hex()}
    if own is not None:
        claim |= {"personal_key": hex_of(own), "personal_signature": own.sign(message).hex()}
    return pack.Record.of("signature", {**claim, "statement": said})


def signed(number: int, by: pack.Record, *, verdict: str, role: str, **members: Any) -> bytes:
    """The entry ``promotion.signed``, as the registry records it."""
    data = {"verdict": verdict, "role": role, "meaning": "review", "record": RECORD.digest, "signature": by.digest}
    return about(number, "promotion", PROMOTION, event="promotion.signed", data=data, **members)


def factor(number: int, event: str = "confirmed", **members: Any) -> bytes:
    """An entry about the signing factor of person 7, as the registry records it."""
    data = {"account": "person:7", "public_key": hex_of(OWN_KEY)}
    return about(number, *FACTOR, **{"event": f"signing_factor.{event}", "data": data} | members)


def about(number: int, subject_type: str, subject_id: str, **members: Any) -> bytes:
    """An entry about any subject."""
    return examples.entry(number, **{"subject": {"type": subject_type, "id": subject_id}} | members)


APPROVAL = signature("approve", "validator")
REJECTION = signature("reject", "compliance_reviewer")


def life() -> list[bytes]:
    """Nine entries; the promotion's are 2, 4, 6 and 7: submitted, approved by one, rejected by another, closed.

    Entry 0 is the signer's: they have enrolled a key.
    """
    return [
        factor(0),
        about(1, "policy", "3", event="policy.approved", data={"digest": POLICY.digest}),
        about(
            2,
            "promotion",
            PROMOTION,
            event="promotion.submitted",
            data={"record": RECORD.digest, "policy": POLICY.digest},
        ),
        about(3, "slot", "9", event="slot.created", data={"key": "retail-credit"}),
        signed(4, APPROVAL, verdict="approve", role="validator"),
        about(5, "prediction_batch", "12", event="prediction_batch.sealed", data={"row_count": 500}),
        signed(
            6,
            REJECTION,
            verdict="reject",
            role="compliance_reviewer",
            sealed={"reason": REFUSAL.commitment},
            rows={"registry_decision/5": "cd" * 32},
        ),
        about(7, "promotion", PROMOTION, event="promotion.went_stale", data={"cause": "its grounds moved"}),
        about(8, "slot", "10", event="slot.created", data={"key": "cards"}),
    ]


def decision_pack(leaves: list[bytes], indexes: tuple[int, ...] = (0, 1, 2, 4, 6, 7)) -> pack.Pack:
    """The pack of the decision, with everything that a pack can hold but the proof of completeness."""
    head = examples.head(leaves, LOG, WITNESS)
    return pack.Pack(
        origin=ORIGIN,
        about=pack.About("promotion", PROMOTION, TITLE),
        entries=[pack.ProvenEntry(index, leaves[index], examples.proof_of(leaves, index, head)) for index in indexes],
        records=[RECORD, POLICY, EVALUATION, APPROVAL, REJECTION],
        disclosures=[REFUSAL],
        keys={"log.vkey": LOG.verifier, "witness.vkey": WITNESS.verifier, "signing.vkey": SIGNING.verifier},
        files={"card.pdf": CARD},
    )


def counted(leaves: list[bytes]) -> histories.Histories:
    """The map of histories over entries."""
    counted = histories.Histories()
    for index, raw in enumerate(leaves):
        subject: Any = entry.parse(raw)["subject"]
        counted.add(subject["type"], subject["id"], index, merkle.leaf_hash(raw))
    return counted


def fixing(number: int, leaves: list[bytes], **members: Any) -> bytes:
    """The entry that fixes the histories of all entries given."""
    known = counted(leaves)
    data = {"size": len(leaves), "root": known.root().hex(), "subjects": known.subjects}
    return about(number, "log", ORIGIN, **{"event": "log.histories_fixed", "data": data} | members)


def longer_life() -> list[bytes]:
    """Twelve entries: entry 9 fixes the histories of the first six; entry 10 is the promotion's fifth and newest."""
    leaves = life()
    exported = about(10, "promotion", PROMOTION, event="promotion.pack_exported", data={"size": 10})
    return [*leaves, fixing(9, leaves[:6]), exported, about(11, "slot", "11", event="slot.created", data={"key": "x"})]


def complete(leaves: list[bytes], first: int, fixed_by: int | None, *subjects: tuple[str, str]) -> Completeness:
    """What proves that a pack under the head over `leaves` holds everything about the subjects and the signer's key."""
    known = counted(leaves[:first])
    return Completeness(
        first,
        tuple(leaves[first:]),
        tuple(ranges.prove(merkle.leaf_hashes(leaves), first, len(leaves))),
        fixed_by,
        tuple(Claim(*subject, tuple(known.prove(*subject))) for subject in sorted({FACTOR, *subjects})),
    )


def complete_pack() -> pack.Pack:
    """The decision's pack, complete for the promotion, for the policy, and for a slot that is newer than the map."""
    leaves = longer_life()
    subjects = [("promotion", PROMOTION), ("policy", "3"), ("slot", "10")]
    proof = complete(leaves, 6, 9, *subjects)
    return replace(decision_pack(leaves, (0, 1, 2, 4, 6, 7, 8, 10)), completeness=proof)
