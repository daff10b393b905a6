"""Waivers: a gate set aside for a while, by two people, against a compensating control."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, scoped, signed
from registry.admin.acting import Act, ActingAdmin
from registry.models import Waiver
from registry.permissions import allows
from registry.roles import Action
from registry.services.decisions import waivers


@admin.register(Waiver)
class WaiverAdmin(ActingAdmin):
    system_path = "promotion__slot__system"
    list_display = (
        columns.text("gate", "Gate"),
        columns.chip("state"),
        columns.record("promotion", "Request"),
        columns.text("compensating_control", "Instead", words=70),
        columns.text("requested_by", "Asked by"),
        columns.moment("expires_at", "Ends"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("promotion__slot", "promotion__model_version__model", "requested_by")
    search_fields = ("gate", "rationale", "promotion__slot__key")
    date_hierarchy = "created_at"
    acts = ("sign", "refuse", "revoke")

    def headline(self, row: Waiver) -> str:
        return row.rationale

    def facts(self, row: Waiver) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Gate", row.gate
        yield "Request", row.promotion
        yield "Instead of the gate", row.compensating_control
        yield "Asked by", row.requested_by
        if row.granted_at is not None:
            yield "In force since", row.granted_at
        yield "Ends at the latest", row.expires_at
        if row.ended_at is not None:
            yield "Ended", row.ended_at
        yield "Record", row.record_digest

    def sections(self, row: Waiver, request: HttpRequest) -> Iterable[Section]:
        yield Section(
            "Signatures", signed.table("waiver", row.pk), "Two people sign, neither with a part in the version."
        )

    def offers(self, row: Waiver, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        if not allows(account, Action.DECIDE, row.promotion.slot.system):
            return
        if row.state in (Waiver.State.REQUESTED, Waiver.State.COUNTERSIGN):
            words = "The second signature puts it in force; the gates then answer anew."
            yield Act("sign", "Sign", words, revision=row.revision, signs=True)
            yield Act("refuse", "Refuse", "The gate goes on to block.", revision=row.revision)
        if row.state == Waiver.State.ACTIVE:
            words = "An approval that rests on it no longer holds, and its slot acts."
            yield Act("revoke", "Revoke", words, grave=True, revision=row.revision, signs=True)

    def sign(self, request: HttpRequest, row: Waiver) -> str:
        made = waivers.sign(
            row,
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return f"Your signature is on record. The waiver is {show.said(made, 'state')}."

    def refuse(self, request: HttpRequest, row: Waiver) -> str:
        revision, who = acting.revision(request), acting.actor(request)
        waivers.refuse(row, reason=acting.reason(request), revision=revision, actor=who)
        return "The waiver is refused."

    def revoke(self, request: HttpRequest, row: Waiver) -> str:
        waivers.revoke(
            row,
            reason=acting.reason(request),
            credentials=acting.credentials(request),
            revision=acting.revision(request),
            actor=acting.actor(request),
        )
        return "The waiver is revoked."
