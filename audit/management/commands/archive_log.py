"""`manage.py archive_log`: old entries move to the archive, where nothing obliges to keep them here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import actors
from audit.keeping import retention


class Command(BaseCommand):
    """Works in the application's role; the database checks each step."""

    requires_system_checks = ()
    help = (
        "Move the bytes of entries older than AUDIT_ARCHIVE_AFTER_DAYS to AUDIT_ARCHIVE_URL. Records entries.archived."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say which bundles would go")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            self.stdout.write(f"{len(retention.due())} bundles of 256 entries are due.")
            return
        try:
            moved = retention.archive(actor=actors.system("archive_log"))
        except (retention.ArchiveRefused, OSError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{len(moved)} bundles of 256 entries moved to the archive.")
