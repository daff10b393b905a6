"""`manage.py export_log`: the log for other programs, as lines or as files that verify."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from audit import actors
from audit.disclosure import exports
from audit.tree import entries, proofs

TLOG = "tlog"


class Command(BaseCommand):
    """Works in the application's role: that an export left is an event of its own."""

    requires_system_checks = ()
    help = "Export the log: JSON Lines, OCSF or CEF, or a folder that `python -m audit.tlog.verify` checks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=[*exports.FORMS, TLOG], default="jsonl")
        parser.add_argument("--out", default="-", help="a file, a folder for tlog, or - for the standard output")
        parser.add_argument("--since", type=_place, help="the first index, or a time: 4711, 2026-11-23T09:30:00Z")
        parser.add_argument("--until", type=_place, help="the index after the last, or a time")

    def handle(self, *args: Any, out: str, since: Any, until: Any, **options: Any) -> None:
        form: str = options["format"]
        if form == TLOG and (out == "-" or since is not None or until is not None):
            raise CommandError("--format tlog writes the whole log into a folder: --out FOLDER, no --since or --until.")
        try:
            taken = exports.covering(since, until)
            with transaction.atomic(durable=True):
                exports.record(taken, form=form, actor=actors.system("export_log"))
            if form == TLOG:
                exports.write_tree(Path(out), taken.head)
            else:
                _write(taken, form, out)
        except (proofs.NotSequenced, entries.ArchiveUnreadable, FileExistsError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"Exported the entries {taken.first} to {taken.end - 1} of {taken.origin}.")


def _write(taken: exports.Range, form: str, out: str) -> None:
    if out == "-":
        sys.stdout.buffer.writelines(exports.lines(taken, form))
        return
    with Path(out).open("wb") as file:
        file.writelines(exports.lines(taken, form))


def _place(text: str) -> int | datetime:
    if text.isdecimal():
        return int(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else timezone.make_aware(moment)
