"""Checks that people signed with keys of their own: each enrolled in the log before it signed, and not retired by then.

A statement that names its signer is signed twice, by the server's key and by the person's. The record of a signature
holds the second as "personal_key" and "personal_signature". A key's short history is a subject of its own in the log,
of the type "signing_factor", so that a pack can hold it whole and nothing else about the person.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from audit.tlog import canonical, claims, packevidence, packindex, signatures
from audit.tlog.canonical import Json
from audit.tlog.errors import ProofError, SignatureError
from audit.tlog.packevidence import Proven
from audit.tlog.report import Report
from audit.tlog.spelling import from_hex

FACTOR, CONFIRMED, RETIRED = "signing_factor", "signing_factor.confirmed", "signing_factor.retired"
PERSONAL = {"personal_key", "personal_signature"}
SINCE = 3  # the version of packs from which on every signer's own signature must be there
_APART = timedelta(minutes=10)


def check(version: int, complete: Collection[tuple[str, str]] | None, proven: Proven, report: Report) -> None:
    """Every signature by a named person. complete: the subjects whose histories are proven whole; None: no claims."""
    found = 0
    for digest in sorted(proven.records.keys() & proven.anchors.keys()):
        for claim in claims.objects(proven.records[digest]):
            try:
                found += _check(claim, digest, version, complete, proven)
            except ProofError as problem:
                report.add(packindex.record_path(digest), problem)
    if found:
        report.proven["signature by the signer's own key"] = found
    if found and complete is None:
        report.remarks.append("it does not prove that none of the signers' keys had been retired before")


def _check(
    claim: dict[str, Json],
    digest: str,
    version: int,
    complete: Collection[tuple[str, str]] | None,
    proven: Proven,
) -> bool:
    """Whether the claim is a signature by a person's own key. Raises ProofError where it should be and is not."""
    statement = claim.get("statement")
    if not claim.keys() >= claims.SIGNATURE or not isinstance(statement, dict):
        return False
    if not claim.keys() & PERSONAL:
        if version >= SINCE and statement.keys() & {"signer", "printed_name"}:
            raise ProofError(f"{_who(statement)} did not sign with a key of their own: only the server's key did.")
        return False
    _check_key(claim, statement)
    held = list(packevidence.holders(digest, proven))
    if not held:
        raise ProofError("No entry of the pack holds the signature, so nothing says when it was made.")
    first, entry = held[0]
    _check_moment(statement, first, entry)
    factor = _confirmed(str(claim["personal_key"]), str(statement.get("signer")), first, proven)
    _check_not_retired(factor, first, complete, proven)
    return True


def _check_key(claim: Mapping[str, Json], statement: dict[str, Json]) -> None:
    key = from_hex(claim.get("personal_key"), length=32, error=ProofError)
    signature = from_hex(claim.get("personal_signature"), length=64, error=ProofError)
    if claim["personal_key"] == claim["public_key"]:
        raise ProofError(f"What is said to be the own key of {_who(statement)} is the server's.")
    try:
        signatures.verify(key, signature, canonical.encode(statement))
    except SignatureError as problem:
        raise ProofError(f"The signature of {_who(statement)} by their own key {key.hex()} is not valid.") from problem


def _check_moment(statement: dict[str, Json], index: int, entry: Mapping[str, Json]) -> None:
    """A signature is put into the log when it is made: another time in the statement is made up."""
    try:
        apart = _moment(entry["at"]) - _moment(statement.get("signed_at"))
    except ValueError as problem:
        raise ProofError(f"{_who(statement)} signed at {str(statement.get('signed_at'))[:80]!r}, no time.") from problem
    if abs(apart) > _APART:
        raise ProofError(
            f"{_who(statement)} is said to have signed at {statement['signed_at']}, but entry {index}, which put the "
            f"signature into the log, is of {entry['at']}."
        )


def _confirmed(key: str, signer: str, signed: int, proven: Proven) -> str:
    """The id of the factor under which its owner enrolled the key before the entry `signed`. Raises ProofError."""
    index, entry = next(_entries(CONFIRMED, key, proven), (None, None))
    if index is None or entry is None:
        raise ProofError(f"No entry of the pack says that the key {key} was enrolled by {signer}.")
    data, subject = entry["data"], entry["subject"]
    if data.get("account") != signer or entry["actor"] != signer:
        raise ProofError(f"The key {key} was enrolled by {str(entry['actor'])[:80]}, not by {signer}.")
    if index > signed:
        raise ProofError(
            f"The key {key} of {signer} was enrolled by entry {index}, after it had signed entry {signed}."
        )
    return str(subject["id"])


def _check_not_retired(factor: str, signed: int, complete: Collection[tuple[str, str]] | None, proven: Proven) -> None:
    for index, entry in sorted(proven.entries.items()):
        if index < signed and entry["event"] == RETIRED and entry["subject"] == {"type": FACTOR, "id": factor}:
            raise ProofError(f"The signer's key was retired by entry {index}, before it signed entry {signed}.")
    if complete is not None and (FACTOR, factor) not in complete:
        raise ProofError(
            f"The pack does not prove that it holds all entries about the signer's key, {FACTOR} {factor}."
        )


def _entries(event: str, key: str, proven: Proven) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries in which a key is named as a factor's, oldest first."""
    for index, one in sorted(proven.entries.items()):
        subject, data = one["subject"], one["data"]
        assert isinstance(subject, dict)  # entry.parse has seen to both
        assert isinstance(data, dict)
        if one["event"] == event and subject["type"] == FACTOR and data.get("public_key") == key:
            yield index, one


def _moment(value: Json) -> datetime:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def _who(statement: Mapping[str, Json]) -> str:
    return str(statement.get("signer") or statement.get("printed_name"))[:80]
