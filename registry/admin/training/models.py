"""Models and their immutable versions."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, jobs, scoped, tiers
from registry.admin.acting import Act, ActingAdmin
from registry.admin.decisions import objections
from registry.admin.evidence import measured
from registry.admin.scoped import ScopedAdmin
from registry.admin.training import measurements, placing
from registry.models import ModelVersion, RegisteredModel
from registry.permissions import allows
from registry.roles import Action
from registry.services import lifecycle


@admin.register(RegisteredModel)
class RegisteredModelAdmin(ScopedAdmin):
    list_display = (
        "name",
        columns.record("system", "System"),
        tiers.column("system"),
        columns.number("version_count", "Versions"),
        columns.moment("created_at", "Registered"),
    )
    list_filter = ("system__risk_tier",)
    list_select_related = page_related = ("system",)
    search_fields = ("name", "description", "system__name")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RegisteredModel]:
        return super().get_queryset(request).annotate(version_count=Count("versions"))

    def headline(self, row: RegisteredModel) -> str:
        return row.description

    def facts(self, row: RegisteredModel) -> Iterable[tuple[str, Any]]:
        yield "System", row.system
        yield "Risk tier", tiers.chip(row.system)
        yield "Registered", row.created_at

    def sections(self, row: RegisteredModel, request: HttpRequest) -> Iterable[Section]:
        versions = row.versions.select_related("model", "trained_by", "dataset_version__dataset")
        yield Section(
            "Versions",
            show.table(
                ["Version", "Fitted on", "By", "Artifact", "State", "Registered"],
                [
                    [
                        one,
                        one.dataset_version,
                        one.trained_by,
                        one.artifact_digest,
                        show.state(one, "lifecycle"),
                        one.created_at,
                    ]
                    for one in versions
                ],
            ),
        )
        runs = row.runs.select_related("model", "requested_by")[:20]
        yield Section(
            "Newest runs",
            show.table(
                ["Run", "State", "Asked by", "Started", "Took"],
                [[one, show.state(one), one.requested_by, one.started_at, jobs.took(one)] for one in runs],
            ),
        )


@admin.register(ModelVersion)
class ModelVersionAdmin(ActingAdmin):
    system_path = "model__system"
    list_display = (
        columns.text("", "Version"),
        columns.record("model.system", "System"),
        columns.record("dataset_version", "Data"),
        columns.digest("artifact_digest", "Artifact"),
        columns.text("trained_by", "Trained by"),
        columns.chip("lifecycle"),
        columns.moment("created_at", "Registered"),
    )
    list_filter = ("lifecycle", "format")
    list_select_related = ("model__system", "dataset_version__dataset", "trained_by")
    page_related = (*list_select_related, "run__model", "artifact")
    search_fields = ("model__name", "artifact_digest")
    date_hierarchy = "created_at"
    acts = ("raise_finding", "retire", "purge")

    def facts(self, row: ModelVersion) -> Iterable[tuple[str, Any]]:
        yield "Model", row.model
        yield "System", row.model.system
        yield "Run", row.run
        yield "Data", row.dataset_version
        yield "Artifact", show.row(row.artifact, show.digest(row.artifact_digest))
        yield "Format", f"{row.format.upper()}, {show.size(row.artifact.size_bytes)}"
        yield "Task", row.get_task_display()
        if row.task == ModelVersion.Task.BINARY:
            yield "Decides at", row.threshold
        yield "Trained by", row.trained_by
        yield "Registered", row.created_at
        yield "Documents", _documents(row)

    def sections(self, row: ModelVersion, request: HttpRequest) -> Iterable[Section]:
        yield Section("Where it stands", placing.body(row))
        found = row.findings.select_related("owner").order_by("-id")
        yield Section("Findings", objections.finding_table(found))
        asked = row.promotions.select_related("slot", "author", "model_version__model")
        yield Section(
            "Promotions",
            show.table(
                ["Request", "State", "Asked by", "Asked", "Valid until"],
                [[one, show.state(one), one.author, one.created_at, one.valid_until] for one in asked],
                empty="Nobody has asked for this version to serve.",
            ),
        )
        yield from measurements.figures(row)
        sets = row.evidence_sets.select_related("model_version__model", "dataset_version__dataset")
        yield Section("Evidence", measured.sets(sets))
        yield measurements.work(row)
        yield from measurements.schema(row)
        yield Section(
            "Lineage", placing.picture(row), "What it was made from, to the left; what came of it, to the right."
        )

    def offers(self, row: ModelVersion, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        system, stage = row.model.system, ModelVersion.Lifecycle
        if row.lifecycle == stage.REGISTERED and allows(account, Action.FIND, system):
            asks = objections.wrong(row)
            yield Act("raise_finding", "Raise a finding", objections.FINDING, asks_reason=False, asks=asks)
        if row.lifecycle == stage.REGISTERED and allows(account, Action.RETIRE, system):
            words = "It never serves again; its record and its artifact stay."
            yield Act("retire", "Retire", words, grave=True)
        if row.lifecycle == stage.RETIRED and allows(account, Action.RETIRE, system):
            words = "Its artifact is given up, and removed once nothing living needs it; the record stays."
            yield Act("purge", "Purge its artifact", words, grave=True)

    def raise_finding(self, request: HttpRequest, row: ModelVersion) -> str:
        return objections.raised(request, row)

    def retire(self, request: HttpRequest, row: ModelVersion) -> str:
        lifecycle.retire(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The version is retired."

    def purge(self, request: HttpRequest, row: ModelVersion) -> str:
        lifecycle.purge(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The version's artifact is given up; its record stays."


def _documents(row: ModelVersion) -> SafeString:
    """The card to read, and what may be taken along."""
    card = show.link("Model card", f"{reverse('model-versions-card', args=[row.pk])}?format=html")
    bom = show.link("bill of materials (CycloneDX)", reverse("model-versions-bom", args=[row.pk]))
    return format_html("{}, {}", card, bom)
