"""Gate results and signatures, each as a record of its own."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, filters, show
from audit.pages.records import Section
from registry.admin.scoped import ScopedAdmin
from registry.gates.policy import STRICTNESS
from registry.gates.results import SEVERITY
from registry.models import Decision, EvidenceItem, GateResult
from registry.roles import SIGNING, Role

PROMOTION = ("promotion__model_version__model", "promotion__slot")


@admin.register(GateResult)
class GateResultAdmin(ScopedAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        "gate",
        columns.chip("verdict", "Verdict"),
        columns.record("promotion", "Request"),
        columns.interval(),
        columns.number("n", "n"),
        columns.text("threshold", "Threshold"),
        columns.text("effect", "Effect"),
        columns.moment("created_at", "Judged"),
    )
    list_filter = (filters.among("verdict", lambda: SEVERITY), filters.among("effect", lambda: STRICTNESS))
    list_select_related = page_related = PROMOTION
    search_fields = ("gate", "reason", "promotion__model_version__model__name", "promotion__slot__key")
    date_hierarchy = "created_at"
    ordering = ("-id",)

    def headline(self, row: GateResult) -> str:
        return row.reason

    def facts(self, row: GateResult) -> Iterable[tuple[str, Any]]:
        yield "Request", row.promotion
        yield "Verdict", show.chip(row.verdict)
        yield "Effect", row.effect
        yield "Value", show.interval(row.value, row.low, row.high)
        yield "Worst group", row.group
        yield "n", row.n
        yield "Threshold", row.threshold
        yield "Clauses", ", ".join(row.clauses)

    def sections(self, row: GateResult, request: HttpRequest) -> Iterable[Section]:
        if row.details:
            yield Section("Every group", groups(row.details))
        items = EvidenceItem.objects.filter(pk__in=row.evidence)
        yield Section(
            "Figures it read",
            show.table(["Figure", "Method", "Digest"], [[one, one.method, one.digest] for one in items]),
        )


def groups(details: list[dict[str, Any]]) -> SafeString:
    """A gate's groups, the gravest first."""
    return show.table(
        ["Group", "Verdict", "Value", "n"],
        [
            [
                one["group"] or "all rows",
                show.chip(one["verdict"]),
                show.interval(one["value"], one["low"], one["high"]),
                one["n"],
            ]
            for one in sorted(details, key=_gravity)
        ],
    )


def _gravity(one: dict[str, Any]) -> tuple[int, float]:
    return -SEVERITY[one["verdict"]], one["value"] or 0.0


@admin.register(Decision)
class DecisionAdmin(ScopedAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        "printed_name",
        columns.chip("verdict", "Verdict"),
        columns.text("meaning", "Meaning"),
        columns.text("role", "Role"),
        columns.record("promotion", "Request"),
        columns.moment("signed_at", "Signed"),
    )
    list_filter = ("verdict", filters.among("role", lambda: sorted(SIGNING)))
    list_select_related = page_related = (*PROMOTION, "signer")
    search_fields = ("printed_name", "reason", "signed_digest", "promotion__slot__key")
    date_hierarchy = "signed_at"
    ordering = ("-id",)

    def headline(self, row: Decision) -> str:
        return row.reason

    def facts(self, row: Decision) -> Iterable[tuple[str, Any]]:
        yield "Request", row.promotion
        yield "Verdict", show.chip(row.verdict)
        yield "Printed name", row.printed_name
        yield "Account", row.signer
        yield "Meaning", row.meaning.replace("_", " ")
        yield "As", Role(row.role).label
        yield "Signed", row.signed_at
        yield "Record signed", row.signed_digest
        yield "Key", row.public_key

    def sections(self, row: Decision, request: HttpRequest) -> Iterable[Section]:
        yield Section("The statement signed", show.document(row.statement))
        yield Section(
            "The signature", show.code(row.signature), "Ed25519 over the statement's canonical JSON.", folded=True
        )
