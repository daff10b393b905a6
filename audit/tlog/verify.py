"""Offline verification: ``python -m audit.tlog.verify SOURCE --key FILE_OR_VKEY [--since CHECKPOINT] [--json]``.

SOURCE is an evidence pack (a zip), a published log directory, the https:// address of a live log, or a .tlog-proof
(with --leaf ENTRY). Exit 0: clean. 1: findings. 2: usage or unreadable.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from audit.tlog import archive, entry, logcheck, note, packcheck, parallel, policy, proof, sources, trust
from audit.tlog.errors import NoteError, PackError, ProofError, TlogError
from audit.tlog.logcheck import Older, Question
from audit.tlog.progress import Progress
from audit.tlog.report import Report, printable
from audit.tlog.trust import Trust

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
_MAX_KEY_BYTES = 64 * 1024


def verify_pack(source: Path | BinaryIO | bytes, verifiers: Sequence[note.Verifier]) -> Report:
    """Check an evidence pack and report every finding. Raises PackError if it is not a zip file at all."""
    return verify_pack_under(source, Trust(tuple(verifiers)))


def verify_pack_under(source: Path | BinaryIO | bytes, trusted: Trust) -> Report:
    """The same, where a policy or witnesses say who else must have signed the pack's checkpoint."""
    report = Report()
    members = archive.read(_bytes_of(source), report)
    packcheck.check(members, trusted.verifiers, report)
    for path, raw in sorted(members.items()):
        if path.endswith(".tlog-proof"):  # any: that they have one checkpoint in common was checked
            _judge_quorum(raw, trusted, report)
            break
    return report


def verify_directory(
    folder: Path, verifiers: Sequence[note.Verifier], *, since: bytes | None = None, jobs: int | None = None
) -> Report:
    """Check a log directory, and that it continues an older checkpoint. Raises PackError, NoteError, TileError."""
    older = () if since is None else (Older("since", since),)
    return verify_log(sources.Directory(str(folder)), Question(Trust(tuple(verifiers)), since=older, jobs=jobs))


def verify_log(source: sources.Source, question: Question) -> Report:
    """Check a published log, wherever its files are. Raises what `logcheck.check` raises."""
    report = Report()
    logcheck.check(source, question, report)
    return report


def verify_proof(raw: bytes, leaf: bytes, trusted: Trust) -> Report:
    """Check that an entry stands in the log, by one proof file. Raises ProofError if that is malformed."""
    report = Report()
    one = proof.parse(raw)
    try:
        signed = one.verify(leaf, trusted.verifiers)
        report.origin, report.size, report.root = signed.head.origin, signed.head.size, signed.head.root
        report.signers = signed.signers
        trust.judge_quorum(signed.note, trusted, report)
    except (NoteError, ProofError) as problem:
        report.add("proof", problem)
    try:
        value = entry.parse(leaf)
        subject = value["subject"]
        assert isinstance(subject, dict)
        report.about = f"entry {one.index} ({value['event']} of {subject['type']} {subject['id']}, {value['at']})"
        report.proven["entry"] = 1
    except TlogError as problem:
        report.add("leaf", problem)
    if one.extra is not None:
        report.notes.append(f"The proof carries {len(one.extra)} bytes of extra data, which nothing proves.")
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.key and not options.policy:
        parser.error("give --key or --policy: without a key from somewhere else, a signature says nothing")
    try:
        report = _verify(options)
    except (TlogError, OSError) as problem:
        print(printable(f"Cannot verify {options.source}: {problem}"), file=sys.stderr)
        return UNREADABLE
    except KeyboardInterrupt:
        print(f"Cannot verify {options.source}: stopped before the end.", file=sys.stderr)
        return UNREADABLE
    print(json.dumps(report.as_json(), indent=2, sort_keys=True) if options.json else "\n".join(report.lines()))
    return CLEAN if report.clean else FINDINGS


def read_keys(key: str) -> list[note.Verifier]:
    """Verifier keys as given: one key itself, or a file with one on each line. Raises NoteError, OSError."""
    if not Path(key).is_file():
        return [note.Verifier.parse(key)]
    text = _read(Path(key), _MAX_KEY_BYTES).decode(errors="replace")
    keys = [note.Verifier.parse(line.strip()) for line in text.splitlines() if line.strip()]
    if not keys:
        raise NoteError(f"The file {key} holds no verifier key.")
    return keys


def read_trust(keys: Sequence[str], policy_file: Path | None, witnesses: Sequence[str]) -> Trust:
    """Whom the options say to rely on. Raises NoteError, PolicyError, OSError."""
    required = tuple(key for witness in witnesses for key in read_keys(witness))
    for key in required:
        if key.key_type != note.COSIGNATURE:
            raise NoteError(f"The key of {key.name} is a log's key; a witness's has type 0x04. Give it with --key.")
    rules = policy.parse(_read(policy_file, policy.MAX_BYTES + 1)) if policy_file else None
    return Trust(tuple(verifier for key in keys for verifier in read_keys(key)), rules, required)


def read_since(paths: Sequence[Path]) -> tuple[Older, ...]:
    """Older checkpoints from files, and from every file of a folder. Raises PackError, OSError."""
    files: list[Path] = []
    for path in paths:
        found = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        if not found:
            raise PackError(f"--since: the folder {path} holds no checkpoint.")
        files += found
    names = ["since"] if len(files) == 1 else [f"since {file.name}" for file in files]
    return tuple(Older(name, _read(file, note.MAX_NOTE_BYTES + 1)) for name, file in zip(names, files, strict=True))


def _verify(options: argparse.Namespace) -> Report:
    trusted = read_trust(options.key, options.policy, options.witness)
    if sources.is_address(options.source):
        return verify_log(sources.at(options.source), _question(options, trusted))
    if Path(options.source).is_dir():
        return verify_log(sources.Directory(options.source), _question(options, trusted))
    if options.since:
        raise PackError("--since compares a log with an older checkpoint; this is no log.")
    with Path(options.source).open("rb") as file:
        raw = _bytes_of(file)
    if not raw.startswith(f"{proof.HEADER}\n".encode()):
        return verify_pack_under(raw, trusted)
    if options.leaf is None:
        raise ProofError("This is the proof of one entry; give the entry's bytes with --leaf FILE.")
    return verify_proof(raw, _read(options.leaf, entry.MAX_BYTES + 1), trusted)


def _question(options: argparse.Namespace, trusted: Trust) -> Question:
    question = Question(
        trusted,
        since=read_since(options.since),
        jobs=options.jobs,
        parse=not options.hashes_only,
        follow_keys=options.follow_keys,
        method=parallel.FORK if sys.platform == "linux" else parallel.SPAWN,
    )
    if options.progress or sys.stderr.isatty():
        return replace(question, progress=Progress())
    return question


def _judge_quorum(raw: bytes, trusted: Trust, report: Report) -> None:
    try:
        signed = proof.parse(raw).checkpoint
        trust.judge_quorum(note.open_note(signed, trusted.verifiers), trusted, report)
    except TlogError:
        assert report.findings  # packcheck has said what is wrong with it


def _bytes_of(source: Path | BinaryIO | bytes) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return _bytes_of(file)
    raw = source if isinstance(source, bytes) else source.read(archive.MAX_ARCHIVE_BYTES + 1)
    if len(raw) > archive.MAX_ARCHIVE_BYTES:
        raise PackError(f"The pack is larger than {archive.MAX_ARCHIVE_BYTES} bytes.")
    return raw


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit.tlog.verify",
        description="Verify an evidence pack, a proof, or a whole log. Exit 0: clean, 1: findings, 2: unreadable.",
    )
    add = parser.add_argument
    add("source", help="a pack (a zip file), a .tlog-proof, a log's directory or its https:// address")
    add("--key", action="append", default=[], help="a verifier key of the log or a witness, or its file")
    add("--policy", type=Path, help="a C2SP tlog-policy file: logs, witnesses and the quorum that must have cosigned")
    add("--witness", action="append", default=[], help="a witness's key or its file; each of them must have cosigned")
    add("--since", action="append", default=[], type=Path, help="an older checkpoint, or a folder of them, to continue")
    add("--follow-keys", action="store_true", help="also trust keys that the log announced under a trusted key")
    add("--leaf", type=Path, help="the entry's bytes, where the source is a .tlog-proof")
    add("--hashes-only", action="store_true", help="hash the entries without reading what they say")
    add("--jobs", type=_positive, help="worker processes; by default as many as there are processors")
    add("--progress", action="store_true", help="say on standard error how far it is, also where that is no terminal")
    add("--json", action="store_true", help="print the report as JSON")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError("a number from 1 to 256")
    return number


if __name__ == "__main__":
    sys.exit(main())
