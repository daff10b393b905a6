"""Checks what a pack's entries commit to: records, files, signatures, disclosures, the title and the records' kinds."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from audit.tlog import anchors, canonical, checkpoint, claims, note, packindex
from audit.tlog.canonical import Json
from audit.tlog.errors import ProofError, TlogError
from audit.tlog.report import Report

_TITLES = ("title", "name", "key")


@dataclass(slots=True)
class Proven:
    """What has been established so far, on which later checks build."""

    head: checkpoint.Checkpoint | None = None
    unknown: tuple[note.Signature, ...] = ()  # signature lines of the checkpoint by keys that were not given
    entries: dict[int, dict[str, Json]] = field(default_factory=dict)
    records: dict[str, Json] = field(default_factory=dict)
    anchors: dict[str, set[str]] = field(default_factory=dict)
    used_keys: set[bytes] = field(default_factory=set)

    def about(self, subject_type: str, subject_id: str) -> list[dict[str, Json]]:
        """The entries about one subject."""
        subject = {"type": subject_type, "id": subject_id}
        return [one for one in self.entries.values() if one["subject"] == subject]


def check_records(records: Mapping[str, bytes], proven: Proven, report: Report) -> None:
    """Every record has its digest for a name, and something proven holds that digest."""
    for digest, raw in records.items():
        path, actual = packindex.record_path(digest), hashlib.sha256(raw).hexdigest()
        if actual != digest:
            report.add(path, f"The record's SHA-256 is {actual}, which is not its name.")
            continue
        try:
            proven.records[digest] = canonical.decode(raw)
        except TlogError as problem:
            report.add(path, problem)
    proven.anchors = anchors.anchored(proven.entries.values(), proven.records)
    for digest in sorted(proven.records.keys() - proven.anchors.keys()):
        report.add(
            packindex.record_path(digest), "No proven entry, nor a record that one commits to, holds its digest."
        )
    report.proven["record"] = len(proven.records.keys() & proven.anchors.keys())


def check_files(files: Mapping[str, bytes], proven: Proven, report: Report) -> None:
    """Something proven holds the digest of every file."""
    for path, raw in files.items():
        digest = hashlib.sha256(raw).hexdigest()
        if digest not in proven.anchors:
            report.add(path, f"No proven entry, nor a record that one commits to, holds its SHA-256 {digest}.")
    report.proven["file"] = len(files)


def check_claims(proven: Proven, report: Report) -> None:
    """Recompute Merkle roots, verify signatures, and compare each with the entries that it stands for."""
    known = proven.records.keys() | {canonical.digest(one["data"]).hex() for one in proven.entries.values()}
    roots = signatures = 0
    signing = set[str]()
    for digest in sorted(proven.records.keys() & proven.anchors.keys()):
        for claim in claims.objects(proven.records[digest]):
            try:
                if claim.keys() == claims.MERKLE:
                    claims.check_merkle_root(claim)
                    roots += 1
                elif claim.keys() >= claims.SIGNATURE:
                    signing.add(digest)
                    proven.used_keys.add(claims.check_signature(claim, known))
                    signatures += 1
                    for index, one in holders(digest, proven):
                        claims.check_agreement(claim, one, f"entry {index}")
            except ProofError as problem:
                report.add(packindex.record_path(digest), problem)
    _check_named_signatures(signing, proven, report)
    report.proven["Merkle root"], report.proven["signature of people"] = roots, signatures


def holders(digest: str, proven: Proven) -> Iterator[tuple[int, dict[str, Json]]]:
    """The entries that hold a digest themselves, not through another record, oldest first."""
    for index, one in sorted(proven.entries.items()):
        if any(text == digest for _, text in anchors.mentions(one["data"])):
            yield index, one


def _check_named_signatures(signing: set[str], proven: Proven, report: Report) -> None:
    """What an entry calls a signature is one."""
    for index, one in sorted(proven.entries.items()):
        assert isinstance(one["data"], dict)  # entry.parse has seen to it
        named = one["data"].get("signature")
        if isinstance(named, str) and named in proven.records and named not in signing:
            report.add(packindex.entry_path(index), f"The record {named}, which it names as a signature, holds none.")


def check_disclosures(index: packindex.Index, proven: Proven, report: Report) -> None:
    """Every disclosed value opens a commitment; the index was read, so each commitment follows from field and value."""
    known = set(_commitments(proven))
    for one in index.disclosures:
        if (one.field, one.commitment) not in known:
            report.add(packindex.PATH, f"The value disclosed for {one.field!r} opens no commitment of a proven entry.")
    report.proven["disclosure"] = len(index.disclosures)


def _commitments(proven: Proven) -> Iterator[tuple[str, Json]]:
    """Field and commitment of all that proven entries seal: words beside them, and old and new values of columns."""
    for one in proven.entries.values():
        assert isinstance(one["sealed"], dict)  # entry.parse has seen to it
        yield from one["sealed"].items()
        changes = proven.records.get(str(one.get("changes")))
        for label, columns in _items(changes):
            for column, sides in _items(columns):
                for side, commitment in _items(sides):
                    yield f"{label}.{column}.{side}", commitment


def _items(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, dict) else []


def check_about(about: packindex.About, proven: Proven, report: Report) -> None:
    """An entry is about the subject, and the title is that subject's own."""
    entries = proven.about(about.type, about.id)
    if not entries:
        report.add(packindex.PATH, f"No proven entry is about {about.type} {about.id}.")
    elif about.title not in {about.id, *_titles(about, entries, proven)}:
        report.add(
            packindex.PATH,
            f"The title {about.title!r} is not that of {about.type} {about.id}: no entry about it, nor its own record "
            "in one, is called so.",
        )


def _titles(about: packindex.About, entries: list[dict[str, Json]], proven: Proven) -> Iterator[Json]:
    for one in entries:
        data = one["data"]
        held = [proven.records.get(text) for _, text in anchors.mentions(data)]
        own = [
            record for record in held if dict(_items(record)).items() >= {"kind": about.type, "id": about.id}.items()
        ]
        for called in (data, *own):
            members = dict(_items(called))
            yield from (members[name] for name in _TITLES if isinstance(members.get(name), str))


def check_kinds(index: packindex.Index, proven: Proven, report: Report) -> None:
    """A record is of the kind that it says itself, or that the name of the member holding its digest says."""
    for digest, kind in index.records:
        record = proven.records.get(digest)
        own = record.get("kind") if isinstance(record, dict) else None
        if kind != own and kind not in proven.anchors.get(digest, set()):
            report.add(packindex.PATH, f"Nothing says that the record {digest} is of the kind {kind!r}.")
