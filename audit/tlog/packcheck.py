"""Checks the members of an evidence pack against the log's signed checkpoint and against each other."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from audit.tlog import (
    checkpoint,
    completecheck,
    completeness,
    entry,
    merkle,
    note,
    packevidence,
    packindex,
    personalkeys,
    proof,
    readme,
)
from audit.tlog.errors import NoteError, PackError, ProofError, TlogError
from audit.tlog.packevidence import Proven
from audit.tlog.report import Report

_DECIMAL = r"(0|[1-9][0-9]{0,18})"
_ENTRY = re.compile(rf"entries/{_DECIMAL}\.json")
_PROOF = re.compile(rf"proofs/{_DECIMAL}\.tlog-proof")
_RECORD = re.compile(r"records/([0-9a-f]{64})\.json")
_KEY = re.compile(r"keys/([a-z0-9][a-z0-9._-]{0,99}\.vkey)")
_FILE = re.compile(r"files/([A-Za-z0-9][A-Za-z0-9._-]{0,199})")
_SINGLE = re.compile("|".join(map(re.escape, (readme.PATH, packindex.PATH, completeness.PATH))))
_LAYOUT = (_SINGLE, _ENTRY, _PROOF, _RECORD, _KEY, _FILE, completeness.RANGE)


def check(members: Mapping[str, bytes], verifiers: Sequence[note.Verifier], report: Report) -> None:
    """Check everything and report every finding. Only the keys given are trusted, never those inside the pack."""
    proven, index = Proven(), _read_index(members, report)
    _check_layout(members, index, report)
    proofs = _read_proofs(members, report)
    _check_checkpoint(proofs, verifiers, proven, report)
    _check_entries(members, proofs, proven, report)
    packevidence.check_records({digest: members[path] for path, digest in _named(_RECORD, members)}, proven, report)
    packevidence.check_files({path: members[path] for path, _ in _named(_FILE, members)}, proven, report)
    packevidence.check_claims(proven, report)
    if index is not None:
        packevidence.check_disclosures(index, proven, report)
        packevidence.check_about(index.about, proven, report)
        packevidence.check_kinds(index, proven, report)
        _check_listing(members, index, proven, report)
        complete = _check_completeness(members, index.about, proven, report)
        personalkeys.check(index.version, complete, proven, report)
    _check_keys(members, verifiers, proven, report)


def _read_index(members: Mapping[str, bytes], report: Report) -> packindex.Index | None:
    if packindex.PATH not in members:
        report.add(packindex.PATH, "The file is missing.")
        return None
    try:
        return packindex.parse(members[packindex.PATH])
    except PackError as problem:
        report.add(packindex.PATH, problem)
        return None


def _check_layout(members: Mapping[str, bytes], index: packindex.Index | None, report: Report) -> None:
    for name in members:
        if not any(pattern.fullmatch(name) for pattern in _LAYOUT):
            report.add(name, "A pack has no file of this name.")
    for name, number in Counter(map(str.lower, members)).items():
        if number > 1:
            report.add(name, "Two files differ only in upper and lower case.")
    if not readme.is_issued(members.get(readme.PATH), index.version if index else None):
        report.add(readme.PATH, "The file is missing, or its words were never given out with packs of this version.")


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
    proofs: Mapping[int, proof.TlogProof], verifiers: Sequence[note.Verifier], proven: Proven, report: Report
) -> None:
    if not proofs:
        report.add("proofs/", "The pack has no readable proof, so it proves nothing.")
        return
    ((common, _),) = Counter(one.checkpoint for one in proofs.values()).most_common(1)
    for index, one in proofs.items():
        if one.checkpoint != common:
            report.add(packindex.proof_path(index), "The proof is under another checkpoint than the rest of the pack.")
    try:
        signed = checkpoint.open_signed(common, verifiers)
    except NoteError as problem:
        report.add("checkpoint", problem)
        return
    proven.head, proven.unknown = signed.head, signed.note.unknown
    report.origin, report.size, report.root = signed.head.origin, signed.head.size, signed.head.root
    report.signers = signed.signers


def _check_entries(
    members: Mapping[str, bytes], proofs: Mapping[int, proof.TlogProof], proven: Proven, report: Report
) -> None:
    indexes = dict(_numbered(_ENTRY, members))
    for index in sorted(proofs.keys() - indexes.keys()):
        report.add(packindex.entry_path(index), "The entry of a proof is missing.")
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


def _check_listing(members: Mapping[str, bytes], index: packindex.Index, proven: Proven, report: Report) -> None:
    kinds = dict(index.records)
    expected = packindex.Index(
        index.version,
        proven.head.origin if proven.head else index.origin,
        index.about,
        tuple(sorted(number for number, _ in _numbered(_ENTRY, members))),
        tuple((digest, kinds.get(digest, "")) for _, digest in _named(_RECORD, members)),
        packindex.in_order(index.disclosures),
        tuple((path, hashlib.sha256(members[path]).hexdigest()) for path, _ in _named(_FILE, members)),
        tuple(path for path, _ in _named(_KEY, members)),
        completeness.parts(members),
    )
    for name in ("origin", "entries", "records", "disclosures", "files", "keys", "parts"):
        if getattr(index, name) != getattr(expected, name):
            report.add(packindex.PATH, f"Its {name} are not those of the pack: files were added, removed or reordered.")


def _check_completeness(
    members: Mapping[str, bytes], about: packindex.About, proven: Proven, report: Report
) -> set[tuple[str, str]] | None:
    """Every claim that the pack holds all entries about a subject; the subjects for which it holds true.

    None for a pack without claims, which is said to have none, and for claims that cannot be read, which is a finding.
    """
    if not completeness.parts(members):
        report.remarks.append(f"it does not prove completeness: other events about {about.type} {about.id} may exist")
        return None
    try:
        given = completeness.parse(members)
        if not any((claim.type, claim.id) == (about.type, about.id) for claim in given.claims):
            raise PackError(f"It says nothing about {about.type} {about.id}, which the pack is about.")
        if proven.head is None:
            raise ProofError("Nothing is complete, because the checkpoint is not signed by a known key.")
        entries = {index: members[packindex.entry_path(index)] for index in proven.entries}
        checked = completecheck.Check(given, proven.head, entries)
    except TlogError as problem:
        report.add(completeness.PATH, problem)
        return None
    return _check_subjects(given, checked, about, report)


def _check_subjects(
    given: completeness.Completeness, checked: completecheck.Check, about: packindex.About, report: Report
) -> set[tuple[str, str]]:
    complete = []
    for claim in given.claims:
        try:
            complete.append(checked.claim(claim))
        except ProofError as problem:
            report.add(completeness.PATH, problem)
    report.proven["history proven complete"] = len(complete)
    own = [one for one in complete if (one.type, one.id) == (about.type, about.id)]
    report.remarks += [f"complete: {checked.sentence(one)}" for one in own]
    return {(one.type, one.id) for one in complete}


def _check_keys(
    members: Mapping[str, bytes], verifiers: Sequence[note.Verifier], proven: Proven, report: Report
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


def _account_for(signature: note.Signature, packed: Iterable[note.Verifier], proven: Proven) -> bool:
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
