"""People, service accounts and the roles they hold."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.models import Grant, User
from registry.permissions import allows
from registry.roles import Action
from registry.services import factor_resets, factors, people


@admin.register(User)
class UserAdmin(ActingAdmin):
    acts = ("agree_to_reset",)
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
                ["Role", "For", "Given", "Counts", "Revoked"],
                [
                    [
                        one.get_role_display(),
                        one.system or "every system",
                        one.created_at,
                        not one.pending,
                        one.revoked_at,
                    ]
                    for one in held
                ],
                empty="No role: this account may do nothing.",
            ),
        )
        if row.kind == User.Kind.PERSON and request.user.has_perm("audit.add_redaction"):
            asking = f"{reverse('admin:audit_redaction_add')}?{urlencode({'person': f'person:{row.pk}'})}"
            yield Section("Personal data", show.link("Ask to erase everything about this person", asking))

    def offers(self, row: User, request: HttpRequest) -> Iterable[Act]:
        factor = factors.active(row)
        if factor is None or factor.reset_asked_at is None or not _vouches(request, factor.reset_asked_by_id, row):
            return
        words = f"{factor.reset_asked_by} asked on {factor.reset_asked_at:%Y-%m-%d}: {row} cannot give codes any more. "
        words += "Make sure that it is really they who ask. The factor is retired, and they enrol another."
        yield Act("agree_to_reset", "Agree to reset the signing factor", words, grave=True)

    def agree_to_reset(self, request: HttpRequest, row: User) -> str:
        factor_resets.agree(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The signing factor is retired."


@admin.register(Grant)
class GrantAdmin(ActingAdmin):
    acts = ("confirm",)
    system_path = None  # Likewise.
    list_display = (
        "role",
        columns.record("account", "Account"),
        columns.record("system", "System"),
        columns.moment("created_at", "Given"),
        columns.moment("revoked_at", "Revoked"),
    )
    list_filter = ("role", "pending")
    list_select_related = page_related = ("account", "system", "granted_by", "confirmed_by")
    search_fields = ("account__username", "account__full_name", "system__name")
    date_hierarchy = "created_at"

    def facts(self, row: Grant) -> Iterable[tuple[str, Any]]:
        yield "Role", row.get_role_display()
        yield "Account", show.row(row.account)
        yield "For", row.system or "every system"
        yield "Given", row.created_at
        yield "Given by", row.granted_by or "the system"
        yield "Counts", not row.pending
        yield "Confirmed by", row.confirmed_by
        yield "Confirmed", row.confirmed_at
        yield "Revoked", row.revoked_at

    def offers(self, row: Grant, request: HttpRequest) -> Iterable[Act]:
        if row.pending and row.revoked_at is None and _vouches(request, row.granted_by_id, row.account):
            words = "One person alone gives no role that signs, operates or runs the platform: with you it counts."
            yield Act("confirm", "Confirm the role", words, asks_reason=False)

    def confirm(self, request: HttpRequest, row: Grant) -> str:
        people.confirm_grant(row, actor=acting.actor(request))
        return "The role counts from now on."


def _vouches(request: HttpRequest, first: UUID | None, about: User) -> bool:
    """Whether this person can be the second: neither who asked nor whom it is about."""
    account = scoped.account(request)
    return allows(account, Action.VOUCH) and account.pk not in (first, about.pk)
