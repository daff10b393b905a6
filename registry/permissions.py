"""Who may do what where: grants against the matrix in roles.py. A superuser gets nothing here."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q, QuerySet

from audit.actors import Actor
from registry import actors
from registry.errors import NotPermitted
from registry.models import AISystem, Grant, User
from registry.roles import ROLES_FOR, SIGNING, Action, Role

#: Permissions on tables of the registry that belong to no system.
OF_NO_SYSTEM = ("user", "grant", "signature", "signingfactor", "cardtext", "subscription", "delivery")
PEOPLE = frozenset(f"registry.view_{name}" for name in OF_NO_SYSTEM)
#: What a page may offer to make, by Django's name for it; everything else is made through the API or by workers.
MAKING = {"audit.add_redaction": Action.ERASE, "audit.add_hold": Action.HOLD}


def roles(account: User, system: AISystem | None = None) -> frozenset[Role]:
    """The roles an account holds for a system: those granted for it and those granted for all."""
    held = Grant.objects.held().filter(Q(system=system) | Q(system=None), account=account)
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
    return systems_for(account, Action.READ)


def systems_for(account: User, action: Action) -> QuerySet[AISystem]:
    """The systems where a role of the account covers the action."""
    covering = Grant.objects.held().filter(account=account.pk, role__in=ROLES_FOR[action])
    if not account.is_active:
        return AISystem.objects.none()
    if covering.filter(system=None).exists():
        return AISystem.objects.all()
    return AISystem.objects.filter(pk__in=covering.values("system"))


def reads_something(account: Any) -> bool:
    """Whether a grant lets the account read at least one system, as policies, which belong to none, need."""
    return account.is_active and _reading(account).exists()


def reads_everything(account: Any) -> bool:
    """Whether a grant lets the account read across all systems, as the audit log and the people need."""
    return account.is_active and _reading(account).filter(system=None).exists()


class GrantBackend(BaseBackend):
    """Django's permissions from grants: to view the pages of records, never to edit one.

    The pages of systems' records are for whoever reads one, and show only what is in reach; the log and the people
    belong to no system, so they are for readers of all.
    """

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if perm in MAKING:
            return allows(user_obj, MAKING[perm])
        app, _, codename = perm.partition(".")
        return codename.startswith("view_") and _reads_pages(user_obj, "audit" if perm in PEOPLE else app)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return _reads_pages(user_obj, app_label)


def _reads_pages(account: Any, app: str) -> bool:
    match app:
        case "registry" | "monitoring":
            return bool(_reach(account))
        case "audit":
            return None in _reach(account)
    return False


def _reach(account: Any) -> frozenset[Any]:
    """The systems the account reads, None among them for all; kept with the object, as Django keeps its permissions.

    A page asks for every table in its sidebar, and the account is read anew with each request.
    """
    if not account.is_active:
        return frozenset()
    if not hasattr(account, "_reach"):
        account._reach = frozenset(_reading(account).values_list("system", flat=True))
    return frozenset(account._reach)


def _reading(account: Any) -> QuerySet[Grant]:
    return Grant.objects.held().filter(account=account.pk, role__in=ROLES_FOR[Action.READ])


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
    "systems_for",
    "visible_systems",
]
