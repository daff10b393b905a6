"""Who may open a door: by action, by reading, by being signed in, or anybody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from registry.roles import ROLES_FOR, Action, Role

Body = Callable[["Any"], dict[str, Any]]


class Reach(Enum):
    """What a refusal must look like."""

    SYSTEM = "a record of a system: 404 for who does not read it, 403 for who reads it and may not act"
    MAKING = "something new in a system named in the body: 403, or 422 naming the field where the system is unseen"
    HELD = "as a record of a system, but 403 also for who holds a role there that does not read"
    INSTALLATION = "of no system: 403 for everybody but holders of the role for all systems"
    READERS = "of no system, for whoever reads one: 404, 403 or nothing for others"
    SIGNED_IN = "for every account, about itself"
    LISTED = "a list of what one may read: empty for who reads nothing of the system"
    LISTED_APART = "a list that has something of another system too: nothing of the system is told to others"
    PUBLIC = "for anybody"


@dataclass(frozen=True, slots=True)
class Door:
    """One operation: who may, and what a request that could succeed carries.

    by_person: a signature, or a step towards one: neither for service accounts nor for who runs the platform.
    """

    reach: Reach
    roles: frozenset[Role] = frozenset()
    body: Body = field(default=lambda world: {})
    query: Body = field(default=lambda world: {})
    path: Body = field(default=lambda world: {})
    form: bool = False
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    by_person: bool = False


def acts(action: Action, body: Body = lambda world: {}, **more: Any) -> Door:
    """Something done to a record of a system."""
    return Door(Reach.SYSTEM, ROLES_FOR[action], body, **more)


def makes(action: Action, body: Body, **more: Any) -> Door:
    """Something new in the system that the body names."""
    return Door(Reach.MAKING, ROLES_FOR[action], body, **more)


def governs(action: Action, body: Body = lambda world: {}, **more: Any) -> Door:
    """Something of no system."""
    return Door(Reach.INSTALLATION, ROLES_FOR[action], body, **more)


def reads(**more: Any) -> Door:
    """A record of a system, to read."""
    return Door(Reach.SYSTEM, ROLES_FOR[Action.READ], **more)


def lists(**more: Any) -> Door:
    return Door(Reach.LISTED, **more)


def lists_apart(**more: Any) -> Door:
    return Door(Reach.LISTED_APART, **more)


def reads_everything(**more: Any) -> Door:
    """For readers of every system: the log, the people."""
    return Door(Reach.INSTALLATION, ROLES_FOR[Action.READ], **more)


def reads_shared(**more: Any) -> Door:
    """For readers of any system: policies."""
    return Door(Reach.READERS, ROLES_FOR[Action.READ], **more)


def own(body: Body = lambda world: {}, **more: Any) -> Door:
    """For every account, about itself."""
    return Door(Reach.SIGNED_IN, body=body, **more)


def theirs(body: Body = lambda world: {}, **more: Any) -> Door:
    """For those who made the record, whatever their roles: nobody here did."""
    return Door(Reach.SYSTEM, body=body, **more)


PUBLIC = Door(Reach.PUBLIC)
