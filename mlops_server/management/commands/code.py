"""Print the one-time code of a demo account: what a person's authenticator would show."""

import time
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from mlops_server.demo import authenticator
from mlops_server.management.commands import credentials


class Command(BaseCommand):
    """Works for the accounts whose secrets the demo keeps on this machine, and for no others."""

    help = "Print the one-time code with which an account of the demo signs now."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        known = {row["username"]: row.get("secret") for row in credentials.read(settings.VAR_DIR)}
        secret = known.get(username)
        if not secret:
            signers = ", ".join(sorted(name for name, secret in known.items() if secret)) or "nobody yet"
            raise CommandError(f"The demo keeps no signing factor of {username!r}; it does of: {signers}.")
        step, passed = divmod(int(time.time()), authenticator.STEP_SECONDS)
        self.stdout.write(authenticator.code(secret, step))
        left = authenticator.STEP_SECONDS - passed
        self.stderr.write(f"For {left} more seconds, and {authenticator.STEP_SECONDS} of grace; each code works once.")
