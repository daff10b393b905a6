"""Findings: what is wrong with a version, who mends it, and what shows that it is mended."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped, signed
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.errors import Invalid
from registry.models import EvidenceSet, Finding
from registry.permissions import allows
from registry.roles import Action
from registry.services.approvals import findings


@admin.register(Finding)
class FindingAdmin(ActingAdmin):
    system_path = "model_version__model__system"
    list_display = (
        "title",
        columns.chip("severity", "Severity"),
        columns.chip("state"),
        columns.record("model_version", "Version"),
        columns.text("owner", "Owner"),
        columns.moment("due_at", "Due"),
    )
    list_filter = ("state", "severity")
    list_select_related = page_related = (
        "model_version__model",
        "promotion__slot",
        "promotion__model_version__model",
        "raised_by",
        "owner",
        "remedied_by",
        "settled_by",
        "retest",
    )
    search_fields = ("title", "detail", "model_version__model__name")
    date_hierarchy = "created_at"
    acts = ("remedy", "ready", "retest", "reopen", "accept_risk")

    def headline(self, row: Finding) -> str:
        return row.detail

    def facts(self, row: Finding) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Severity", show.state(row, "severity")
        yield "Version", row.model_version
        yield "Request", row.promotion
        yield "Raised by", row.raised_by
        yield "Owner", row.owner
        yield "Due", row.due_at
        if row.remedied_at:
            yield "Remedied by", row.remedied_by
            yield "Remedied", row.remedied_at
            yield "How", row.remediation
        if row.retest:
            yield "Retest", row.retest
        if row.settled_at:
            yield "Settled by", row.settled_by
            yield "Settled", row.settled_at
        if row.accepted_until:
            yield "Risk accepted until", row.accepted_until

    def sections(self, row: Finding, request: HttpRequest) -> Iterable[Section]:
        yield Section("Signatures", signed.table("finding", row.pk))

    def offers(self, row: Finding, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        system, state, at = row.model_version.model.system, Finding.State, row.revision
        if row.state in (state.OPEN, state.IN_REMEDIATION) and allows(account, Action.REGISTER, system):
            asks = (Question("text", "What you did, or will do", kind="text"),)
            yield Act("remedy", "Remedy", "Takes the finding on.", asks_reason=False, revision=at, asks=asks)
        if row.state == state.IN_REMEDIATION and allows(account, Action.REGISTER, system):
            words = "Evidence that is newer than this counts as the retest."
            yield Act("ready", "It is mended", words, asks_reason=False, revision=at)
        if row.state == state.READY_FOR_RETEST and allows(account, Action.FIND, system):
            asks = (Question("evidence", "The evidence that shows it", kind="choice", choices=_retests(row)),)
            yield Act("retest", "Close", "Whoever mended it does not close it.", revision=at, asks=asks)
            yield Act("reopen", "Reopen", "It is not mended.", revision=at)
        if row.state not in Finding.SETTLED and allows(account, Action.DECIDE, system):
            asks = (Question("until", "Until", kind="time", help="A year at most."),)
            words = "A risk officer without a part in it takes the risk on, for a while; then the finding opens again."
            yield Act("accept_risk", "Accept the risk", words, grave=True, revision=at, asks=asks, signs=True)

    def remedy(self, request: HttpRequest, row: Finding) -> str:
        text = request.POST.get("text", "").strip()
        findings.remedy(row, text=text, revision=acting.revision(request), actor=acting.actor(request))
        return "The remedy is on record."

    def ready(self, request: HttpRequest, row: Finding) -> str:
        findings.ready(row, revision=acting.revision(request), actor=acting.actor(request))
        return "The finding waits for its retest."

    def retest(self, request: HttpRequest, row: Finding) -> str:
        chosen = {str(one.pk): one for one in _newer(row)}.get(request.POST.get("evidence", ""))
        if chosen is None:
            raise Invalid("No evidence was chosen.", remedy="Choose the evidence that shows that it is mended.")
        revision, who = acting.revision(request), acting.actor(request)
        findings.retest(row, evidence=chosen, reason=acting.reason(request), revision=revision, actor=who)
        return "The finding is closed."

    def reopen(self, request: HttpRequest, row: Finding) -> str:
        revision, who = acting.revision(request), acting.actor(request)
        findings.reopen(row, reason=acting.reason(request), revision=revision, actor=who)
        return "The finding is open again."

    def accept_risk(self, request: HttpRequest, row: Finding) -> str:
        findings.accept_risk(
            row,
            until=acting.moment(request, "until"),
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return "The risk is accepted, signed by you."


def _newer(row: Finding) -> list[EvidenceSet]:
    """Evidence about the version, or a later one of its family, since it was mended."""
    version, since = row.model_version, row.remedied_at or row.created_at
    about = EvidenceSet.objects.filter(model_version__model=version.model, model_version__number__gte=version.number)
    return list(about.filter(created_at__gt=since).select_related("model_version__model", "dataset_version__dataset"))


def _retests(row: Finding) -> list[tuple[str, str]]:
    return [(str(one.pk), f"{one}, {one.created_at:%d %b %Y %H:%M} UTC") for one in _newer(row)]
