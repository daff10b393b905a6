"""`manage.py migrate` works in the owner's role, says so where there is only one, and brings an older database over."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command

from audit.database import grants
from mlops_server import embedded, processes
from tests import databases

LOUD = "One role owns this database and works in it: the application can switch off what guards its log."


def manage(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "mlops_server.settings", "DATABASE_URL": url}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, cwd=processes.BASE_DIR, capture_output=True, text=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[embedded.Postgres]:
    """One without our roles, where one role owns the database, as a small installation has it."""
    made = embedded.Postgres(tmp_path / "postgres", durable=False)
    with embedded.running(made):
        with psycopg.connect(made.url("postgres", role="postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE single LOGIN")
            connection.execute("CREATE DATABASE mlops OWNER single")
        yield made


def test_migrate_as_the_application_names_the_migrator(live_database: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("migrate", verbosity=0)
    assert str(refusal.value) == (
        "This session works as mlops, and everything belongs to mlops_owner. Set DATABASE_URL to the migrator's: "
        "postgresql://mlops_migrator:...?options=-c%20role%3Dmlops_owner"
    )


def test_migrate_as_the_migrator_changes_nothing_the_second_time(live_database: str) -> None:
    done = manage(databases.url(live_database, role=grants.MIGRATOR), "migrate")
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "  No migrations to apply.", "")


def test_migrate_without_the_roles_names_the_file_that_makes_them(server: embedded.Postgres) -> None:
    done = manage(server.url(role="single") + "?options=-c%20role%3Dmlops_owner", "migrate")
    assert done.returncode == 1
    assert 'role "mlops_owner" does not exist' in done.stderr
    assert "run mlops_server/roles.sql in this database as a superuser" in done.stderr


def test_database_of_one_role_migrates_loudly_and_is_brought_over_later(server: embedded.Postgres) -> None:
    alone = server.url(role="single")
    done, checked = manage(alone, "migrate", "--verbosity", "0"), manage(alone, "check", "--database", "default")
    assert (done.returncode, LOUD in done.stderr) == (0, True)
    assert "(audit.W001) This process works as single, who owns " in checked.stderr
    with psycopg.connect(server.url(role="postgres")) as connection:
        connection.execute(embedded.ROLES_SQL.read_bytes())
    done = manage(server.url(role=grants.MIGRATOR), "migrate", "--verbosity", "0")
    checked = manage(server.url(), "check", "--database", "default")
    assert (done.returncode, done.stderr) == (0, "")
    assert (checked.returncode, checked.stderr) == (0, "")
