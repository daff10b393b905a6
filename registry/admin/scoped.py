"""What every page of a governed record shares: it shows the systems that the person may read, and no others."""

from typing import Any, ClassVar

from django.contrib.admin import RelatedFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.pages.records import RecordAdmin
from registry import permissions
from registry.models import AISystem, User


def account(request: HttpRequest) -> User:
    """Who looks at the page: the admin lets only accounts in."""
    return request.user  # type: ignore[return-value]


def systems(request: HttpRequest) -> QuerySet[AISystem]:
    """The systems whose records this person may read."""
    return permissions.visible_systems(account(request))


class ScopedAdmin(RecordAdmin):
    """A record of a system: rows of systems that the person may not read do not exist here.

    system_path: the lookup from the row to its system, as the API's views have it; None, said explicitly, where rows
    belong to no system.
    """

    system_path: ClassVar[str | None] = "system"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self.system_path is None:
            return rows
        return rows.filter(**{f"{self.system_path}__in": systems(request)})


class ScopedFilter(RelatedFieldListFilter):
    """A list's filter by a record of a system: it names none that the person may not read."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"system__in": systems(request)}
        )
