"""`manage.py migrate`: Django's own, then every database role gets exactly its rights and every guard is awake."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.database import grants

REMEDY = "run mlops_server/roles.sql in this database as a superuser (docs/operations.md, Database roles)"
ONE_ROLE = (
    "One role owns this database and works in it: the application can switch off what guards its log. "
    f"For anything but a trial {REMEDY}, and give each process its own DATABASE_URL."
)


_WHO = "SELECT current_user, pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"


class Command(migrate.Command):
    """The session's role must own the tables: the migrator's address ends in `?options=-c%20role%3Dmlops_owner`."""

    help = f"{migrate.Command.help} Then settles what each database role may do."

    def get_check_kwargs(self, options: Any) -> Any:
        """Nothing about the database yet: it would report what the migration is there to mend."""
        return {**super().get_check_kwargs(options), "databases": None}

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        one_role = self._one_role(connection)
        super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"]:
            return
        if one_role:
            self.stderr.write(self.style.WARNING(ONE_ROLE))
            grants.wake(connection)
        else:
            grants.settle(connection)

    def _one_role(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether this database has no roles apart. Refuses a session that is neither that nor the owner's."""
        try:
            with connection.cursor() as cursor:
                cursor.execute(_WHO)
                user, owner = cursor.fetchone()
                missing = grants.missing_roles(cursor)
        except OperationalError as error:
            if "does not exist" in str(error):
                raise CommandError(f"{error}".strip() + f" If it is a role that is missing: {REMEDY}.") from error
            raise
        if grants.OWNER not in (user, owner):
            return True
        if missing:
            raise CommandError(f"The database roles {', '.join(missing)} are missing: {REMEDY}.")
        if user != grants.OWNER:
            raise CommandError(
                f"This session works as {user}, and everything belongs to {grants.OWNER}. Set DATABASE_URL to the "
                f"migrator's: postgresql://{grants.MIGRATOR}:...?options=-c%20role%3D{grants.OWNER}"
            )
        return False
