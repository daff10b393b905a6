"""Who stands behind a pseudonymous actor: looked up when shown, never kept in the log."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model

ACCOUNTS = ("person", "service")


def of(actors: Iterable[str]) -> dict[str, str]:
    """The name to show for each actor, in one query; an account that is gone keeps its pseudonym."""
    found = {actor: _account(actor) for actor in set(actors)}
    people = get_user_model()._default_manager.in_bulk([key for key in found.values() if key])
    return {
        actor: people[key].get_full_name() if key in people else actor.replace("system:", "the server: ")
        for actor, key in found.items()
    }


def _account(actor: str) -> UUID | None:
    kind, _, identity = actor.partition(":")
    return UUID(identity) if kind in ACCOUNTS else None
