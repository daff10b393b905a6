"""`manage.py resume_log`: a person decides that the log goes on after a restored backup, under a new origin."""

from typing import Any

from django.core.management.base import CommandError

from audit.management.deciding import Decision, actor
from audit.outside import continuity


class Command(Decision):
    """Only after the runbook in docs/operations.md: what the outside remembers cannot be taken back."""

    help = "Let the log go on with the entries the database has, under a new origin."

    def handle(self, *args: Any, user: str, reason: str, **options: Any) -> None:
        try:
            origin = continuity.resume(actor=actor(user), reason=reason)
        except continuity.CannotResume as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"The log goes on as {origin}. Give its new verifier keys to witnesses and auditors:")
        for verifier in continuity.verifiers_of(origin):
            self.stdout.write(f"  {verifier.vkey}")
