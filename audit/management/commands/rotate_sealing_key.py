"""`manage.py rotate_sealing_key`: from then on, what was erased opens in no backup either."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import actors
from audit.erasure import rewrapping

DONE = "{} data keys are wrapped under the new sealing key. {}"
DESTROYED = "The old one is destroyed; replace the copies of SIGNING_KEY_DIR that you keep, and destroy them too."
ELSEWHERE = "Now destroy sealing.old wherever it is kept."


class Command(BaseCommand):
    """Run it as whoever owns SIGNING_KEY_DIR. Safe to interrupt and to repeat."""

    help = "Replace the key that wraps the data keys, and destroy the old one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--files-elsewhere",
            action="store_true",
            help="a secret store owns them: every process has the new sealing.key, and the one before as sealing.old",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actors.system("rotate_sealing_key")
        if options["files_elsewhere"]:
            self.stdout.write(DONE.format(rewrapping.wrap_all(actor=actor), ELSEWHERE))
        else:
            self.stdout.write(DONE.format(rewrapping.rotate(actor=actor), DESTROYED))
