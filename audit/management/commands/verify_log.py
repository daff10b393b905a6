"""`manage.py verify_log`: the whole log compared with itself, its keys and the rows it speaks of, on record."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import actors
from audit.models import Verification
from audit.watch import verifications


class Command(BaseCommand):
    """Ends with 0 where all is well, 1 with findings, 3 where it could not look at everything."""

    requires_system_checks = ()
    help = "Check the whole log: every entry, tile, head, seal and governed row. Records log.verified."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, jobs: int, **options: Any) -> None:
        found = verifications.verify(actor=actors.system("verify_log"), jobs=jobs)
        self.stdout.write(json.dumps(_document(found), indent=2) if options["json"] else _words(found))
        sys.exit(1 if found.finding_count else 0 if found.complete else 3)


def _document(found: Verification) -> dict[str, Any]:
    names = ("size", "entries", "rows", "findings", "finding_count", "complete")
    times = {name: getattr(found, name).isoformat() for name in ("started_at", "finished_at")}
    return {"verification": str(found.pk), **times, **{name: getattr(found, name) for name in names}}


def _words(found: Verification) -> str:
    seconds = (found.finished_at - found.started_at).total_seconds()
    looked = f"{found.entries:,} entries under {found.size:,} signed and {found.rows:,} rows in {seconds:.1f} s"
    lines = [f"{line['where']}: {line['what']}" if line["where"] else line["what"] for line in found.findings]
    shown = sum(bool(line["where"]) for line in found.findings)
    more = [f"and {found.finding_count - shown:,} more"] if found.finding_count > shown else []
    verdict = f"{found.finding_count:,} FINDINGS" if found.finding_count else "No findings"
    whole = "" if found.complete else " NOT everything could be looked at."
    return "\n".join([*lines, *more, f"{verdict}: {looked}.{whole}"])
