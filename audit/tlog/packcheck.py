"""Checks the members of an evidence pack against the log's signed checkpoint and against each other."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from audit.tlog import anchors, canonical, checkpoint, claims, entry, merkle, note, pack, proof
from audit.tlog.canonical import Json
from audit.tlog.errors import NoteError, PackError, ProofError, TlogError
from audit.tlog.report import Report

_DECIMAL = r"(0|[1-9][0-9]{0,18})"
_ENTRY = re.compile(rf"entries/{_DECIMAL}\.json")
_PROOF = re.compile(rf"proofs/{_DECIMAL}\.tlog-proof")
_RECORD = re.compile(r"records/([0-9a-f]{64})\.json")
_KEY = re.compile(r"keys/([a-z0-9][a-z0-9._-]{0,99}\.vkey)")
_FILE = re.compile(r"files/([A-Za-z0-9][A-Za-z0-9._-]{0,199})")
_LAYOUT = (re.compile(re.escape(pack.README)), re.compile(re.escape(pack.INDEX)), _ENTRY, _PROOF, _RECORD, _KEY, _FILE)


@dataclass(slots=True)
class _Proven:
    """What has been established so far, on which later checks build."""

    head: checkpoint.Checkpoint | None = None
    unknown: tuple[note.Signature, ...] = ()  # signature lines of the checkpoint by keys that were not given
    entries: dict[int, dict[str, Json]] = field(default_factory=dict)
    records: dict[str, Json] = field(default_factory=dict)
    anchors: dict[str, set[str]] = field(default_factory=dict)
    disclosed: list[Json] = field(default_factory=list)
    used_keys: set[bytes] = field(default_factory=set)


def check(members: Mapping[str, bytes], verifiers: Sequence[note.Verifier], report: Report) -> None:
    """Check everything and report every finding. Only the keys given are trusted, never those inside the pack."""
    proven = _Proven()
    _check_layout(members, report)
    proofs = _read_proofs(members, report)
    _check_checkpoint(proofs, verifiers, proven, report)
    _check_entries(members, proofs, proven, report)
    _check_records(members, proven, report)
    _check_files(members, proven, report)
    _check_claims(proven, report)
    _check_index(members, proven, report)
    _check_keys(members, verifiers, proven, report)


def _check_layout(members: Mapping[str, bytes], report: Report) -> None:
    for name in members:
        if not any(pattern.fullmatch(name) for pattern in _LAYOUT):
            report.add(name, "A pack has no file of this name.")
    for name, number in Counter(map(str.lower, members)).items():
        if number > 1:
            report.add(name, "Two files differ only in upper and lower case.")
    if members.get(pack.README) != pack.README_TEXT:
        report.add(pack.README, "The file is missing or does not have the words that every pack has.")


def _read_proofs(members: Mapping[str, bytes], report: Report) -> dict[int, proof.TlogProof]:
    proofs = {}
    for index, path in _numbered(_PROOF, members):
        try:
            parsed = proof.parse(members[path])
            if parsed.index != index or parsed.extra is not None:
                raise ProofError(
                    f"The proof is of entry {parsed.index}, or it carries extra data, which nothing proves."
                )
            proofs[index] = parsed
        except ProofError as problem:
            report.add(path, problem)
    return proofs


def _check_checkpoint(
    proofs: Mapping[int, proof.TlogProof], verifiers: Sequence[note.Verifier], proven: _Proven, report: Report
) -> None:
    if not proofs:
        report.add("proofs/", "The pack has no readable proof, so it proves nothing.")
        return
    ((common, _),) = Counter(one.checkpoint for one in proofs.values()).most_common(1)
    for index, one in proofs.items():
        if one.checkpoint != common:
            report.add(pack.proof_path(index), "The proof is under another checkpoint than the rest of the pack.")
    try:
        signed = checkpoint.open_signed(common, verifiers)
    except NoteError as problem:
        report.add("checkpoint", problem)
        return
    proven.head, proven.unknown = signed.head, signed.note.unknown
    report.origin, report.size, report.root = signed.head.origin, signed.head.size, signed.head.root
    report.signers = signed.signers


def _check_entries(
    members: Mapping[str, bytes], proofs: Mapping[int, proof.TlogProof], proven: _Proven, report: Report
) -> None:
    indexes = dict(_numbered(_ENTRY, members))
    for index in sorted(proofs.keys() - indexes.keys()):
        report.add(pack.entry_path(index), "The entry of a proof is missing.")
    for index, path in sorted(indexes.items()):
        try:
            _check_inclusion(index, members[path], proofs.get(index), proven.head)
            proven.entries[index] = entry.parse(members[path])
        except TlogError as problem:
            report.add(path, problem)
    report.proven["entry"] = len(proven.entries)


def _check_inclusion(index: int, raw: bytes, one: proof.TlogProof | None, head: checkpoint.Checkpoint | None) -> None:
    if one is None:
        raise ProofError("The entry has no readable proof.")
    if head is None:
        raise ProofError("The entry is not proven, because the checkpoint is not signed by a known key.")
    merkle.verify_inclusion(merkle.leaf_hash(raw), index, head.size, one.hashes, head.root)


def _check_records(members: Mapping[str, bytes], proven: _Proven, report: Report) -> None:
    for path, digest in _named(_RECORD, members):
        actual = hashlib.sha256(members[path]).hexdigest()
        if actual != digest:
            report.add(path, f"The record's SHA-256 is {actual}, which is not its name.")
            continue
        try:
            proven.records[digest] = canonical.decode(members[path])
        except TlogError as problem:
            report.add(path, problem)
    proven.anchors = anchors.anchored(proven.entries.values(), proven.records)
    for digest in sorted(proven.records.keys() - proven.anchors.keys()):
        report.add(pack.record_path(digest), "No proven entry, nor a record that one commits to, holds its digest.")
    report.proven["record"] = len(proven.records.keys() & proven.anchors.keys())


def _check_files(members: Mapping[str, bytes], proven: _Proven, report: Report) -> None:
    paths = [path for path, _ in _named(_FILE, members)]
    for path in paths:
        digest = hashlib.sha256(members[path]).hexdigest()
        if digest not in proven.anchors:
            report.add(path, f"No proven entry, nor a record that one commits to, holds its SHA-256 {digest}.")
    report.proven["file"] = len(paths)


def _check_claims(proven: _Proven, report: Report) -> None:
    known = proven.records.keys() | {canonical.digest(one["data"]).hex() for one in proven.entries.values()}
    roots = signatures = 0
    for digest in sorted(proven.records.keys() & proven.anchors.keys()):
        for claim in claims.objects(proven.records[digest]):
            try:
                if claim.keys() == claims.MERKLE:
                    claims.check_merkle_root(claim)
                    roots += 1
                elif claim.keys() >= claims.SIGNATURE:
                    proven.used_keys.add(claims.check_signature(claim, known))
                    signatures += 1
            except ProofError as problem:
                report.add(pack.record_path(digest), problem)
    report.proven["Merkle root"], report.proven["signature of people"] = roots, signatures


def _check_index(members: Mapping[str, bytes], proven: _Proven, report: Report) -> None:
    if pack.INDEX not in members:
        report.add(pack.INDEX, "The file is missing.")
        return
    try:
        index = pack.parse_index(members[pack.INDEX])
    except PackError as problem:
        report.add(pack.INDEX, problem)
        return
    for disclosure in index.disclosures:
        _check_disclosure(disclosure, proven, report)
    report.proven["disclosure"] = len(index.disclosures)
    _check_about(index.about, proven, report)
    _check_kinds(index, proven, report)
    _check_listing(members, index, proven, report)


def _check_disclosure(disclosure: pack.Disclosure, proven: _Proven, report: Report) -> None:
    sealed = [one["sealed"] for one in proven.entries.values()]
    pairs = [pair for fields in sealed if isinstance(fields, dict) for pair in fields.items()]
    # The commitment was computed from field, value and salt when the index was read.
    if (disclosure.field, disclosure.commitment) not in pairs:
        report.add(pack.INDEX, f"The value disclosed for {disclosure.field!r} opens no commitment of a proven entry.")
    proven.disclosed.append(disclosure.value)


def _check_about(about: pack.About, proven: _Proven, report: Report) -> None:
    if {"type": about.type, "id": about.id} not in [one["subject"] for one in proven.entries.values()]:
        report.add(pack.INDEX, f"No proven entry is about {about.type} {about.id}.")
    texts = {text for value in [*proven.entries.values(), *proven.disclosed] for _, text in anchors.mentions(value)}
    if about.title not in texts | proven.anchors.keys():
        report.add(pack.INDEX, f"The title {about.title!r} stands in no proven entry, record or disclosure.")


def _check_kinds(index: pack.Index, proven: _Proven, report: Report) -> None:
    for digest, kind in index.records:
        record = proven.records.get(digest)
        own = record.get("kind") if isinstance(record, dict) else None
        if kind != own and kind not in proven.anchors.get(digest, set()):
            report.add(pack.INDEX, f"Nothing says that the record {digest} is of the kind {kind!r}.")


def _check_listing(members: Mapping[str, bytes], index: pack.Index, proven: _Proven, report: Report) -> None:
    kinds = dict(index.records)
    expected = pack.Index(
        proven.head.origin if proven.head else index.origin,
        index.about,
        tuple(sorted(number for number, _ in _numbered(_ENTRY, members))),
        tuple((digest, kinds.get(digest, "")) for _, digest in _named(_RECORD, members)),
        pack.in_order(index.disclosures),
        tuple((path, hashlib.sha256(members[path]).hexdigest()) for path, _ in _named(_FILE, members)),
        tuple(path for path, _ in _named(_KEY, members)),
    )
    for name in ("origin", "entries", "records", "disclosures", "files", "keys"):
        if getattr(index, name) != getattr(expected, name):
            report.add(pack.INDEX, f"Its {name} are not those of the pack: files were added, removed or reordered.")


def _check_keys(
    members: Mapping[str, bytes], verifiers: Sequence[note.Verifier], proven: _Proven, report: Report
) -> None:
    """A key in the pack is believed in nothing, but it must be one that was given or that signed something here."""
    packed = {}
    for path, _ in _named(_KEY, members):
        try:
            packed[path] = _read_key(members[path])
        except NoteError as problem:
            report.add(path, problem)
    for signature in proven.unknown:
        if not _account_for(signature, packed.values(), proven):
            report.add(
                "checkpoint", f"No key at hand can check the signature line of {signature.name}; give it with --key."
            )
    for path, verifier in packed.items():
        if verifier not in verifiers and verifier.public_key not in proven.used_keys:
            report.add(path, "The key was not given to this verifier, and nothing in the pack is signed with it.")


def _read_key(raw: bytes) -> note.Verifier:
    text = raw.decode("ascii", errors="replace")
    if not text.endswith("\n"):
        raise NoteError("The file is not a verifier key and a newline.")
    return note.Verifier.parse(text[:-1])


def _account_for(signature: note.Signature, packed: Iterable[note.Verifier], proven: _Proven) -> bool:
    """Whether a key inside the pack made the signature line: that keeps its bytes honest, not its signer."""
    for verifier in packed:
        if proven.head and (verifier.name, verifier.key_id) == (signature.name, signature.key_id):
            try:
                verifier.verify(proven.head.text(), signature.signature)
            except NoteError:
                return False
            proven.used_keys.add(verifier.public_key)
            return True
    return False


def _named(pattern: re.Pattern[str], members: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The paths of one kind, each with the part of its name that varies, in order."""
    found = [(path, match[1]) for path in members if (match := pattern.fullmatch(path))]
    return sorted(found)


def _numbered(pattern: re.Pattern[str], members: Mapping[str, bytes]) -> list[tuple[int, str]]:
    return [(int(number), path) for path, number in _named(pattern, members)]
