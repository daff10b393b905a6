"""What commands share that a person answers for: who it is, and why."""

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.actors import Actor


class Decision(BaseCommand):
    """A command that needs ``--as USER --reason TEXT``; both stand in the log."""

    requires_system_checks = ()  # they load every view, with libraries that this process never needs

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as", dest="user", required=True, help="the user name of who decides this")
        parser.add_argument("--reason", required=True, help="why; stands sealed in the log")


def actor(user: str) -> Actor:
    """The person behind a user name. Raises CommandError for nobody, a service, or an account that was ended."""
    account = get_user_model().objects.filter(username=user, is_active=True).first()
    if account is None or getattr(account, "kind", "person") != "person":
        raise CommandError(f"There is no active person with the user name {user!r}.")
    return Actor(id=f"person:{account.pk}", account=account)
