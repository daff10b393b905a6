"""People, service accounts and the roles they hold."""

from typing import Any

import uuid_utils.compat
from django.contrib.auth import get_backends, hashers
from django.contrib.auth.models import AbstractUser
from django.db import models

from audit import guard
from audit.models import Governed
from registry.models.base import Record
from registry.roles import Role


class User(Governed, AbstractUser):
    """A person, or a service account that may never sign."""

    class Kind(models.TextChoices):
        PERSON = "person"
        SERVICE = "service"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    full_name = models.CharField(max_length=200, help_text="as printed beside a signature")
    team = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "registry_user"
        triggers = guard.governed("account", operational=["last_login"], withheld=["password"], person="id")

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.full_name or self.username

    def check_password(self, raw_password: str | None) -> bool:
        """Without Django's upgrade of an old hash: it saves the row without an event, which the guard refuses."""
        return hashers.check_password(raw_password, self.password)

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await hashers.acheck_password(raw_password, self.password)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """From grants alone; Django would let is_superuser do everything."""
        return self.is_active and any(backend.has_perm(self, perm, obj) for backend in _backends())

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and any(backend.has_module_perms(self, app_label) for backend in _backends())


def _backends() -> list[Any]:
    return list(get_backends())


class GrantQuerySet(models.QuerySet["Grant"]):
    """Rows of grants."""

    def held(self) -> "GrantQuerySet":
        """Those that count: not revoked, and not waiting for a second person."""
        return self.filter(revoked_at=None, pending=False)


class Grant(Record):
    """One role of one account, for one AI system or, where none is named, for all of them.

    A role that signs, operates or runs the platform waits for a second person where a person gave it.
    """

    account = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=32, choices=Role.choices)
    system = models.ForeignKey(
        "registry.AISystem", on_delete=models.PROTECT, null=True, blank=True, related_name="grants"
    )
    pending = models.BooleanField(default=False, help_text="waits for a second person and does not count yet")
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "system"],
                condition=models.Q(revoked_at=None),
                nulls_distinct=False,
                name="one_open_grant_per_role",
            )
        ]
        triggers = guard.governed("account", key="account_id", person="account_id")

    def __str__(self) -> str:
        return f"{self.get_role_display()} for {self.system or 'every system'}"
