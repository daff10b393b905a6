"""Offline verification: ``python -m audit.tlog.verify SOURCE --key FILE_OR_VKEY [--since CHECKPOINT] [--json]``.

SOURCE is an evidence pack (a zip) or a published log directory. Exit 0: clean. 1: findings. 2: usage or unreadable.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from audit.tlog import archive, logcheck, note, packcheck
from audit.tlog.errors import NoteError, PackError, TlogError
from audit.tlog.report import Report, printable

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
_MAX_KEY_BYTES = 64 * 1024


def verify_pack(source: Path | BinaryIO | bytes, verifiers: Sequence[note.Verifier]) -> Report:
    """Check an evidence pack and report every finding. Raises PackError if it is not a zip file at all."""
    report = Report()
    packcheck.check(archive.read(_bytes_of(source), report), verifiers, report)
    return report


def verify_directory(folder: Path, verifiers: Sequence[note.Verifier], *, since: bytes | None = None) -> Report:
    """Check a log directory, and that it continues an older checkpoint. Raises PackError, NoteError, TileError."""
    report = Report()
    logcheck.check(folder, verifiers, since, report)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        verifiers = [verifier for key in options.key for verifier in read_keys(key)]
        report = _verify(options.source, verifiers, options.since)
    except (TlogError, OSError) as problem:
        print(printable(f"Cannot verify {options.source}: {problem}"), file=sys.stderr)
        return UNREADABLE
    if options.json:
        print(json.dumps(report.as_json(), indent=2, sort_keys=True))
    else:
        print("\n".join([*map(str, report.findings), report.summary()]))
    return CLEAN if report.clean else FINDINGS


def read_keys(key: str) -> list[note.Verifier]:
    """Verifier keys as given: one key itself, or a file with one on each line. Raises NoteError, OSError."""
    if not Path(key).is_file():
        return [note.Verifier.parse(key)]
    with Path(key).open("rb") as file:
        text = file.read(_MAX_KEY_BYTES).decode(errors="replace")
    keys = [note.Verifier.parse(line.strip()) for line in text.splitlines() if line.strip()]
    if not keys:
        raise NoteError(f"The file {key} holds no verifier key.")
    return keys


def _verify(source: Path, verifiers: Sequence[note.Verifier], since: Path | None) -> Report:
    if source.is_dir():
        return verify_directory(source, verifiers, since=since.read_bytes() if since else None)
    if since:
        raise PackError("--since compares a log directory with an older checkpoint; this is a pack.")
    return verify_pack(source, verifiers)


def _bytes_of(source: Path | BinaryIO | bytes) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return _bytes_of(file)
    raw = source if isinstance(source, bytes) else source.read(archive.MAX_ARCHIVE_BYTES + 1)
    if len(raw) > archive.MAX_ARCHIVE_BYTES:
        raise PackError(f"The pack is larger than {archive.MAX_ARCHIVE_BYTES} bytes.")
    return raw


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit.tlog.verify",
        description="Verify an evidence pack or a log directory offline. Exit 0: clean, 1: findings, 2: unreadable.",
    )
    parser.add_argument("source", type=Path, help="the pack (a zip file) or the log's directory")
    parser.add_argument(
        "--key", action="append", required=True, help="a verifier key of the log or a witness, or its file"
    )
    parser.add_argument("--since", type=Path, help="an older checkpoint that the log directory must continue")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
