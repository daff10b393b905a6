"""The world behind the doors: one system with a row of everything, another with nothing, and every kind of caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import resolve
from rest_framework.test import APIClient

from registry.models import AISystem, User
from registry.roles import SIGNING, Role
from registry.services import people
from tests import desks, factories
from tests.houses import House
from tests.permissions.rules import Reach


@dataclass(frozen=True, slots=True)
class Caller:
    """An account, with one role, where it holds it: in the system, in another one, everywhere; or no account at all."""

    name: str
    account: User | None
    role: Role | None
    where: str
    token: str = ""

    @property
    def signs(self) -> bool:
        """Whether it is somebody who could ever sign: a person who does not run the platform."""
        return self.account is not None and self.account.kind == User.Kind.PERSON and self.role != Role.PLATFORM_ADMIN


class World:
    """Built once for all doors: what a request does to it is taken back."""

    def __init__(self) -> None:
        self.house: House = desks.world()
        desks.reviewed(self.house)
        desks.logged_work()
        self.systems = list(AISystem.objects.order_by("pk"))
        self.elsewhere: AISystem = factories.system()

    @cached_property
    def _client(self) -> APIClient:
        """One for all requests: each new client builds every middleware anew."""
        return APIClient()

    def client(self, caller: Caller) -> APIClient:
        """What calls with this account's token, or without any."""
        self._client.credentials(**({"HTTP_AUTHORIZATION": caller.token} if caller.token else {}))
        return self._client

    @cached_property
    def names(self) -> list[str]:
        """What things of the system are called: nobody learns these who does not read it."""
        house = self.house
        return [house.system.name, house.model.name, house.data.dataset.name, house.slot.key]

    @property
    def system(self) -> AISystem:
        return self.house.system

    @cached_property
    def callers(self) -> list[Caller]:
        found = [Caller("nobody", None, None, "")]
        found += [_caller("a person without a role", factories.person(), None, "")]
        for role in Role:
            places: dict[str, list[AISystem | None]] = {
                "here": [*self.systems],
                "elsewhere": [self.elsewhere],
                "everywhere": [None],
            }
            for where, systems in places.items():
                found.append(_caller(f"{role} {where}", _holder(role, systems), role, where))
        for role in set(Role) - SIGNING:
            account = _holder(role, self.systems, kind=User.Kind.SERVICE)
            found.append(_caller(f"{role} service here", account, role, "here"))
        return found

    def callers_at(self, reach: Reach) -> list[Caller]:
        """Those whose answers differ there: what belongs to a system tells here from elsewhere, the rest everywhere."""
        of_a_system = reach not in (Reach.INSTALLATION, Reach.READERS, Reach.SIGNED_IN, Reach.PUBLIC)
        places = {"", "here", "elsewhere"} if of_a_system else {"", "here", "everywhere"}
        return [caller for caller in self.callers if caller.where in places]

    def newest(self, rows: QuerySet[Any], system_path: str | None) -> Any:
        """The newest of these rows that belongs to the system; of any where rows belong to none."""
        rows = rows.order_by("-pk")
        if system_path:
            rows = rows.filter(**{f"{system_path}__in": [one.pk for one in self.systems]})
        row = rows.first()
        assert row is not None, f"The world has no {rows.model._meta.verbose_name} of the system."
        return row

    def row_behind(self, template: str) -> Any:
        """The row that a path such as /api/v1/slots/{key}/at is about, by its view's own queryset; None where none."""
        if "{" not in template:
            return None
        probe = template.replace("{id}", "00000000-0000-0000-0000-000000000000")
        probe = probe.replace("{key}", "x").replace("{digest}", "0" * 64)
        view = resolve(probe).func
        kind = getattr(view, "cls", None)
        queryset = getattr(kind, "queryset", None)
        if queryset is None or queryset.query.is_empty():
            return None
        return self.newest(queryset.all(), getattr(kind, "system_path", None))


def _caller(name: str, account: User, role: Role | None, where: str) -> Caller:
    return Caller(name, account, role, where, factories.token(account))


def _holder(role: Role, systems: Sequence[AISystem | None], *, kind: str = User.Kind.PERSON) -> User:
    account = factories.person(kind=kind, team=f"{role}, {len(systems)}")
    for system in systems:
        people.grant(account, role, actor=factories.bootstrap(), system=system)
    return account
