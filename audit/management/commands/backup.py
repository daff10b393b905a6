"""`manage.py backup FOLDER`: the database, artifacts and public keys in a folder; the data keys in a file apart."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.keeping import backups


class Command(BaseCommand):
    """Works as the migrator, who may read every table."""

    requires_system_checks = ()
    help = "Write a backup into an empty folder, and the data keys over those of the last one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--data-keys", type=Path, help="the one file of the newest data keys; beside the folder by default"
        )
        parser.add_argument("--no-artifacts", action="store_true", help="the artifact store is backed up by itself")

    def handle(self, *args: Any, folder: Path, data_keys: Path | None, no_artifacts: bool, **options: Any) -> None:
        keys = data_keys or default_keys(folder)
        try:
            manifest = backups.make(folder, data_keys=keys, with_artifacts=not no_artifacts)
        except (FileExistsError, backups.ProgramFailed) as error:
            raise CommandError(str(error)) from error
        head = manifest.head
        self.stdout.write(f"{len(manifest.files)} files, the log up to entry {head.size if head else 0}: {folder}")
        self.stdout.write(f"Data keys: {keys}. Keep only this newest copy, and keep it apart from the backups.")
        self.stdout.write("Private keys are not in it: SIGNING_KEY_DIR is kept by itself.")


def default_keys(folder: Path) -> Path:
    """Where all backups in one place have their data keys."""
    return folder.absolute().parent / "data-keys.json"
