"""Signatures as a reader sees them: printed name, time and meaning, beside the record that they are bound to."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.scoped import ScopedAdmin
from registry.models import CardText, ClauseExemption, Signature, SigningFactor
from registry.permissions import allows
from registry.roles import Action, Role
from registry.services.coverage import exemptions


def table(subject_type: str, identity: Any) -> SafeString:
    """Every signature on a record that is no promotion request."""
    made = Signature.objects.filter(subject_type=subject_type, subject_id=identity).order_by("id")
    return rows(made)


def rows(made: Iterable[Any]) -> SafeString:
    headers = ["Name", "Role", "Meaning", "Signed", "Reason"]
    lines = [
        [one.printed_name, _role(one.role), one.meaning.replace("_", " "), one.signed_at, one.reason] for one in made
    ]
    return show.table(headers, lines, empty="Nobody has signed.")


def facts(row: Any) -> Iterable[tuple[str, Any]]:
    """What 21 CFR 11.50 asks to be shown, and what it is bound to."""
    yield "Name", row.printed_name
    yield "Role", _role(row.role)
    yield "Meaning", row.meaning.replace("_", " ")
    yield "Signed", row.signed_at
    yield "Record", row.signed_digest
    yield "Server's key", row.public_key
    yield "Signer's own key", row.personal_key


def _role(name: str) -> str:
    return Role(name).label if name in Role.values else name


@admin.register(Signature)
class SignatureAdmin(ScopedAdmin):
    system_path = None
    list_display = (
        columns.text("printed_name", "Name"),
        columns.chip("subject_type", "Signed a"),
        columns.text("meaning", "Meaning"),
        columns.moment("signed_at", "Signed"),
        columns.digest("signed_digest", "Record"),
    )
    list_filter = ("subject_type", "meaning")
    search_fields = ("printed_name", "signed_digest", "=subject_id")
    date_hierarchy = "signed_at"

    def headline(self, row: Signature) -> str:
        return row.reason

    def facts(self, row: Signature) -> Iterable[tuple[str, Any]]:
        return facts(row)

    def sections(self, row: Signature, request: HttpRequest) -> Iterable[Section]:
        yield Section("What was signed, word for word", show.document(row.statement))


@admin.register(SigningFactor)
class SigningFactorAdmin(ScopedAdmin):
    system_path = None
    list_display = (
        columns.text("account", "Whose"),
        columns.chip("state"),
        columns.moment("confirmed_at", "Since"),
        columns.moment("retired_at", "Retired"),
        columns.digest("public_key", "Public key"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("account",)
    search_fields = ("account__username", "account__full_name", "public_key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningFactor]:
        return super().get_queryset(request).defer("wrapped_key", "totp_secret")

    def facts(self, row: SigningFactor) -> Iterable[tuple[str, Any]]:
        yield "Whose", row.account
        yield "State", show.state(row)
        yield "Public key", row.public_key
        yield "Signs since", row.confirmed_at
        yield "Retired", row.retired_at


@admin.register(CardText)
class CardTextAdmin(ScopedAdmin):
    system_path = None
    list_display = (
        columns.text("section", "Section"),
        columns.chip("subject_type", "Of a"),
        columns.text("printed_name", "Written by"),
        columns.moment("signed_at", "Signed"),
    )
    list_filter = ("subject_type", "section")
    search_fields = ("section", "text", "=subject_id")
    date_hierarchy = "signed_at"

    def facts(self, row: CardText) -> Iterable[tuple[str, Any]]:
        return facts(row)

    def sections(self, row: CardText, request: HttpRequest) -> Iterable[Section]:
        yield Section("Text", show.paragraph(row.text))


@admin.register(ClauseExemption)
class ClauseExemptionAdmin(ActingAdmin):
    list_display = (
        columns.text("clause", "Clause"),
        columns.record("system", "System"),
        columns.text("printed_name", "Declared by"),
        columns.moment("signed_at", "Signed"),
        columns.moment("withdrawn_at", "Withdrawn"),
    )
    list_select_related = page_related = ("system",)
    search_fields = ("clause", "reason", "system__name")
    date_hierarchy = "signed_at"
    acts = ("withdraw",)

    def headline(self, row: ClauseExemption) -> str:
        return row.reason

    def facts(self, row: ClauseExemption) -> Iterable[tuple[str, Any]]:
        yield "Clause", row.clause
        yield "System", row.system
        yield from facts(row)
        yield "Withdrawn", row.withdrawn_at

    def offers(self, row: ClauseExemption, request: HttpRequest) -> Iterable[Act]:
        if row.withdrawn_at is None and allows(scoped.account(request), Action.EXEMPT, row.system):
            yield Act("withdraw", "Withdraw", "The clause is asked for again; what was signed stays.")

    def withdraw(self, request: HttpRequest, row: ClauseExemption) -> str:
        exemptions.withdraw(row, reason=acting.reason(request), actor=acting.actor(request))
        return f"{row.clause} is asked for again."
