"""People, service accounts and the roles they hold."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin.scoped import ScopedAdmin
from registry.models import Grant, User


@admin.register(User)
class UserAdmin(ScopedAdmin):
    system_path = None  # People are for readers of every system alone: see GrantBackend.
    list_display = (
        columns.text("", "Name"),
        "username",
        columns.text("kind", "Kind"),
        columns.text("team", "Team"),
        "is_active",
        columns.moment("last_login", "Last signed in"),
    )
    list_filter = ("kind", "is_active", "team")
    search_fields = ("username", "full_name", "team")
    ordering = ("full_name",)

    def facts(self, row: User) -> Iterable[tuple[str, Any]]:
        yield "User name", row.username
        yield "Kind", row.get_kind_display()
        yield "Team", row.team
        yield "Active", row.is_active
        yield "Made", row.date_joined
        yield "Last signed in", row.last_login

    def sections(self, row: User, request: HttpRequest) -> Iterable[Section]:
        held = row.grants.select_related("system")
        yield Section(
            "Roles",
            show.table(
                ["Role", "For", "Given", "Revoked"],
                [
                    [one.get_role_display(), one.system or "every system", one.created_at, one.revoked_at]
                    for one in held
                ],
                empty="No role: this account may do nothing.",
            ),
        )
        if row.kind == User.Kind.PERSON and request.user.has_perm("audit.add_redaction"):
            asking = f"{reverse('admin:audit_redaction_add')}?{urlencode({'person': f'person:{row.pk}'})}"
            yield Section("Personal data", show.link("Ask to erase everything about this person", asking))


@admin.register(Grant)
class GrantAdmin(ScopedAdmin):
    system_path = None  # Likewise.
    list_display = (
        "role",
        columns.record("account", "Account"),
        columns.record("system", "System"),
        columns.moment("created_at", "Given"),
        columns.moment("revoked_at", "Revoked"),
    )
    list_filter = ("role",)
    list_select_related = page_related = ("account", "system")
    search_fields = ("account__username", "account__full_name", "system__name")
    date_hierarchy = "created_at"

    def facts(self, row: Grant) -> Iterable[tuple[str, Any]]:
        yield "Role", row.get_role_display()
        yield "Account", show.row(row.account)
        yield "For", row.system or "every system"
        yield "Given", row.created_at
        yield "Revoked", row.revoked_at
