"""Who may do what where: grants against the matrix in roles.py. A superuser gets nothing here."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q, QuerySet

from audit.actors import Actor
from registry import actors
from registry.errors import NotPermitted
from registry.models import AISystem, Grant, User
from registry.roles import ROLES_FOR, SIGNING, Action, Role


def roles(account: User, system: AISystem | None = None) -> frozenset[Role]:
    """The roles an account holds for a system: those granted for it and those granted for all."""
    held = Grant.objects.filter(Q(system=system) | Q(system=None), account=account, revoked_at=None)
    return frozenset(Role(role) for role in held.values_list("role", flat=True))


def allows(account: User, action: Action, system: AISystem | None = None) -> bool:
    """Whether a role of the account covers the action there."""
    return account.is_active and bool(roles(account, system) & ROLES_FOR[action])


def require(actor: Actor, action: Action, system: AISystem | None = None) -> User:
    """The actor's account, if it may. Raises NotPermitted with the roles that would do."""
    account = actors.account(actor)
    if not allows(account, action, system):
        wanted = " or ".join(sorted(role.label for role in ROLES_FOR[action]))
        where = f"for the system {system.name!r}" if system else "for every system"
        raise NotPermitted(
            f"You may not {action.label} {where}.", remedy=f"Ask a platform admin for one of the roles: {wanted}."
        )
    return account


def visible_systems(account: User) -> QuerySet[AISystem]:
    """The systems whose records the account may read."""
    readers = Grant.objects.filter(account=account, revoked_at=None, role__in=ROLES_FOR[Action.READ])
    if not account.is_active:
        return AISystem.objects.none()
    if readers.filter(system=None).exists():
        return AISystem.objects.all()
    return AISystem.objects.filter(pk__in=readers.values("system"))


def reads_something(account: Any) -> bool:
    """Whether a grant lets the account read at least one system, as policies, which belong to none, need."""
    held = Grant.objects.filter(account=account.pk, revoked_at=None, role__in=ROLES_FOR[Action.READ])
    return account.is_active and held.exists()


def reads_everything(account: Any) -> bool:
    """Whether a grant lets the account read across all systems, as the audit log and the admin need."""
    held = Grant.objects.filter(account=account.pk, system=None, revoked_at=None, role__in=ROLES_FOR[Action.READ])
    return account.is_active and held.exists()


class GrantBackend(BaseBackend):
    """Django's permissions from grants: readers of every system may view everything in the admin, nobody may edit."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        _, _, codename = perm.partition(".")
        return codename.startswith("view_") and user_obj.is_authenticated and reads_everything(user_obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return user_obj.is_authenticated and reads_everything(user_obj)


__all__ = [
    "SIGNING",
    "Action",
    "GrantBackend",
    "Role",
    "allows",
    "reads_everything",
    "reads_something",
    "require",
    "roles",
    "visible_systems",
]
