"""`manage.py rotate_log_key`: another key for the log; with --retire, the end of the oldest."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.management.deciding import Decision, actor
from audit.signing import keys, rotation


class Command(Decision):
    """Run it where the log's keys are, with the application's DATABASE_URL."""

    help = "Let another key sign the log beside the present one; later, with --retire, end the oldest."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--retire", action="store_true", help="end the oldest active key at the present size")

    def handle(self, *args: Any, user: str, reason: str, retire: bool, **options: Any) -> None:
        try:
            if retire:
                self.stdout.write(f"Signs no more: {rotation.retire(actor=actor(user), reason=reason)}")
                self.stdout.write("Keep it out of reach or destroy it. Its verifier key stays: it proves old heads.")
                return
            self.stdout.write(f"Signs from now on: {rotation.add(actor=actor(user), reason=reason)}")
            self.stdout.write("Give this to witnesses and auditors. When they have it, run this again with --retire.")
        except (rotation.RotationRefused, keys.KeyUnusable, keys.KeyMissing) as problem:
            raise CommandError(str(problem)) from problem
