"""From an account to the actor that services and the log know."""

from typing import cast

from audit.actors import Actor
from registry.errors import NotPermitted
from registry.models import User


def of(account: User, *, request: str = "") -> Actor:
    """The actor of a signed-in account; its id in the log is pseudonymous."""
    return Actor(id=f"{account.kind}:{account.pk}", request=request, account=account)


def account(actor: Actor) -> User:
    """The account behind an actor. Raises NotPermitted for a part of the system, which is nobody."""
    if actor.account is None:
        raise NotPermitted("Only a signed-in account may do this.", remedy="Sign in or send a token.")
    return cast(User, actor.account)
