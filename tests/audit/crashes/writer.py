"""A client that changes governed rows through a service for ever, and notes each event that was acknowledged to it."""

import sys
import time

import django

django.setup()

from django.db import InterfaceError, OperationalError, connection  # noqa: E402

from audit.actors import Actor  # noqa: E402
from audit.models import Event  # noqa: E402
from registry.models import AISystem  # noqa: E402
from registry.services import systems  # noqa: E402


def main(system_id: str, notes: str) -> None:
    """One line a change: the event that the commit was answered with."""
    with open(notes, "a", buffering=1) as file:
        while True:
            try:
                file.write(f"{_change(system_id)}\n")
            except (OperationalError, InterfaceError):
                # PostgreSQL was killed: what was under way may or may not have been committed, and nobody was told.
                connection.close()
                time.sleep(0.1)


def _change(system_id: str) -> str:
    system = AISystem.objects.select_related("owner").get(pk=system_id)
    actor = Actor(id=f"person:{system.owner_id}", request="writer", account=system.owner)
    change = {"purpose": f"Changed after revision {system.revision}."}
    systems.update(system, changes=change, revision=system.revision, actor=actor)
    return str(Event.objects.filter(subject_type="system", subject_id=system_id)[0].id)


if __name__ == "__main__":
    main(*sys.argv[1:])
