"""Evaluations, and the evidence that they, trainings, reproductions and contract checks left."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, filters, show
from audit.pages.records import Section
from registry.admin import jobs
from registry.admin.evidence import figures, groups, measured
from registry.admin.jobs import JobAdmin
from registry.admin.pictures import shown
from registry.admin.scoped import ScopedAdmin
from registry.models import Evaluation, EvidenceItem, EvidenceSet


@admin.register(Evaluation)
class EvaluationAdmin(JobAdmin):
    system_path = "model_version__model__system"
    list_display = (
        columns.text("", "Evaluation"),
        columns.chip("state"),
        columns.text("split", "Rows"),
        columns.record("against", "Against"),
        columns.text("requested_by", "Asked by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "split")
    list_select_related = ("model_version__model", "dataset_version__dataset", "against__model", "requested_by")
    page_related = (*list_select_related, "model_version__model__system", "evidence_set__model_version__model")
    search_fields = ("model_version__model__name", "dataset_version__dataset__name")
    date_hierarchy = "created_at"

    def page_queryset(self, request: HttpRequest) -> QuerySet[Evaluation]:
        return super().page_queryset(request).prefetch_related("evidence_set__items")

    def headline(self, row: Evaluation) -> SafeString | str:
        return super().headline(row) or measured.summary(_items(row))

    def facts(self, row: Evaluation) -> Iterable[tuple[str, Any]]:
        yield "Version", row.model_version
        yield "Data", row.dataset_version
        yield "Rows", row.get_split_display()
        yield "Against", row.against
        yield "Seed", str(row.seed)
        yield from jobs.facts(row)
        yield "Evidence", getattr(row, "evidence_set", None)

    def sections(self, row: Evaluation, request: HttpRequest) -> Iterable[Section]:
        found = _items(row)
        for title, body in measured.by_kind(found):
            yield Section(title, body)
        if row.settings:
            given = {name: "as usual" if value == {} else value for name, value in row.settings.items()}
            yield Section("Settings", show.document(given), folded=bool(found))
        yield from super().sections(row, request)


def _items(row: Evaluation) -> list[EvidenceItem]:
    """What the evaluation found; nothing while it is not done."""
    found = getattr(row, "evidence_set", None)
    return list(found.items.all()) if found else []


@admin.register(EvidenceSet)
class EvidenceSetAdmin(ScopedAdmin):
    system_path = "dataset_version__dataset__system"
    list_display = (
        columns.text("", "Evidence"),
        "origin",
        columns.record("dataset_version", "Measured on"),
        columns.digest("root", "Root"),
        columns.moment("created_at", "Recorded"),
    )
    list_select_related = ("model_version__model", "dataset_version__dataset")
    page_related = (*list_select_related, "evaluation__model_version__model", "evaluation__dataset_version__dataset")
    search_fields = ("root", "artifact_digest", "dataset_digest", "model_version__model__name")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[EvidenceSet]:
        return measured.with_origin(super().get_queryset(request))

    @admin.display(description="From")
    def origin(self, row: EvidenceSet) -> str:
        return measured.origin(row)

    def facts(self, row: EvidenceSet) -> Iterable[tuple[str, Any]]:
        yield "From", measured.origin(row)
        yield "Version", row.model_version
        yield "Measured on", row.dataset_version
        yield "Evaluation", row.evaluation
        yield "Root", row.root
        yield "Artifact", row.artifact_digest
        yield "Data", row.dataset_digest
        yield "Against", row.against_digest
        yield "Produced by", row.produced_by
        yield "Tool", row.tool
        yield "Recorded", row.created_at

    def sections(self, row: EvidenceSet, request: HttpRequest) -> Iterable[Section]:
        for title, body in measured.by_kind(list(row.items.all())):
            yield Section(title, body)


@admin.register(EvidenceItem)
class EvidenceItemAdmin(ScopedAdmin):
    system_path = "set__dataset_version__dataset__system"
    list_display = (
        "figure",
        "said_kind",
        columns.interval(),
        columns.number("n", "n"),
        columns.record("set", "Evidence"),
        columns.text("method", "Method", words=40),
    )
    list_filter = (filters.among("kind", lambda: figures.KINDS),)
    list_select_related = page_related = ("set__model_version__model", "set__dataset_version__dataset")
    search_fields = ("metric", "attribute", "group", "digest", "set__model_version__model__name")
    ordering = ("-id",)

    @admin.display(description="Figure", ordering="metric")
    def figure(self, row: EvidenceItem) -> str:
        return self.name(row)

    @admin.display(description="Kind", ordering="kind")
    def said_kind(self, row: EvidenceItem) -> str:
        return row.kind.replace("_", " ")

    def name(self, row: EvidenceItem) -> str:
        words = figures.name(row.metric or row.kind)
        return f"{words}, {groups.full_name(row)}" if row.attribute or row.group else words

    def headline(self, row: EvidenceItem) -> SafeString | str:
        return figures.figure(row) if row.value is not None or "reason" in row.fields else ""

    def facts(self, row: EvidenceItem) -> Iterable[tuple[str, Any]]:
        yield "Version", row.set.model_version
        yield "Measured on", row.set.dataset_version
        yield "Evidence", row.set
        yield "Kind", self.said_kind(row)
        yield "Metric", figures.name(row.metric)
        yield "Group", groups.full_name(row)
        yield "Rows", row.split
        yield "Against", row.against
        yield "Confidence", figures.share(row.confidence)
        yield "n", row.n
        yield "Method", row.method
        yield "Digest", row.digest

    def sections(self, row: EvidenceItem, request: HttpRequest) -> Iterable[Section]:
        if row.kind == "curve":
            yield Section("Curve", shown.one(row))
        elif row.fields:
            yield Section("Details", show.document(row.fields))
