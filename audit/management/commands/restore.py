"""`manage.py restore FOLDER`: a backup into an empty database, with the newest data keys; says what comes next."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.keeping import backups
from audit.management.commands.backup import default_keys
from audit.outside import continuity


class Command(BaseCommand):
    """Works as the migrator, to whose owner everything will belong; the application must not run."""

    requires_system_checks = ()
    help = "Restore a backup into an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--data-keys", type=Path, help="the newest data keys; beside the folder by default")
        parser.add_argument("--replace", action="store_true", help="empty the database first; what is in it is lost")

    def handle(self, *args: Any, folder: Path, data_keys: Path | None, replace: bool, **options: Any) -> None:
        try:
            manifest = backups.restore(folder, data_keys=data_keys or default_keys(folder), replace=replace)
            call_command("migrate", interactive=False, verbosity=0)
            backups.check(manifest)
        except backups.DatabaseNotEmpty as error:
            raise CommandError(f"{error} Restore into a new one, or empty this one with --replace.") from error
        except (backups.BackupUnusable, backups.ProgramFailed) as error:
            raise CommandError(str(error)) from error
        head = manifest.head
        self.stdout.write(f"Restored the backup of {manifest.made_at}: the log up to entry {head.size if head else 0}.")
        self._say_what_is_ahead()

    def _say_what_is_ahead(self) -> None:
        """The sequencer will look for itself; whoever restores should know before."""
        try:
            continuity.check()
        except continuity.Broken as problem:
            self.stdout.write(f"The log does not go on by itself. {problem}")
            self.stdout.write(
                "What was lost stays lost: `manage.py resume_log --as USER --reason TEXT` goes on without it."
            )
        else:
            self.stdout.write("Nothing outside remembers more than this: the sequencer goes on where the backup ends.")
