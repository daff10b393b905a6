"""Who acts: handed explicitly to every service, never looked up behind its back."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a service account or a part of the system, within one request.

    id: pseudonymous, as it will stand in the log: ``person:<uuid>``, ``service:<uuid>`` or ``system:<part>``.
    request: the id of the HTTP request or task that this work belongs to.
    account: the signed-in user; None for a part of the system.
    """

    id: str
    request: str = ""
    account: AbstractBaseUser | None = None


def system(part: str, *, request: str = "") -> Actor:
    """An actor for work that no person asked for, such as a sweep."""
    return Actor(id=f"system:{part}", request=request)
