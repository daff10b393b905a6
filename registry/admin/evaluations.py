"""Evaluations, and the evidence that they and the contract checks left."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, filters, show
from audit.pages.records import Section
from registry.admin import figures, jobs
from registry.admin.pictures import shown
from registry.admin.scoped import ScopedAdmin
from registry.models import Evaluation, EvidenceItem, EvidenceSet


@admin.register(Evaluation)
class EvaluationAdmin(ScopedAdmin):
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
    page_related = (*list_select_related, "evidence_set__model_version__model")
    search_fields = ("model_version__model__name", "dataset_version__dataset__name")
    date_hierarchy = "created_at"

    def headline(self, row: Evaluation) -> str:
        return row.failure

    def facts(self, row: Evaluation) -> Iterable[tuple[str, Any]]:
        yield "Version", row.model_version
        yield "Data", row.dataset_version
        yield "Rows", row.get_split_display()
        yield "Against", row.against
        yield "Seed", str(row.seed)
        yield from jobs.facts(row)
        yield "Evidence", getattr(row, "evidence_set", None)

    def sections(self, row: Evaluation, request: HttpRequest) -> Iterable[Section]:
        if row.settings:
            yield Section("What was asked beside", show.document(row.settings))
        found = getattr(row, "evidence_set", None)
        if found is not None:
            for title, body in figures.by_kind(list(found.items.all())):
                yield Section(title, body)


@admin.register(EvidenceSet)
class EvidenceSetAdmin(ScopedAdmin):
    system_path = "dataset_version__dataset__system"
    list_display = (
        columns.text("", "Evidence"),
        columns.record("dataset_version", "Measured on"),
        columns.digest("root", "Root"),
        columns.text("tool", "Tool"),
        columns.moment("created_at", "Recorded"),
    )
    list_select_related = ("model_version__model", "dataset_version__dataset")
    page_related = (*list_select_related, "evaluation__model_version__model", "evaluation__dataset_version__dataset")
    search_fields = ("root", "artifact_digest", "dataset_digest", "model_version__model__name")
    date_hierarchy = "created_at"

    def facts(self, row: EvidenceSet) -> Iterable[tuple[str, Any]]:
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
        for title, body in figures.by_kind(list(row.items.all())):
            yield Section(title, body)


@admin.register(EvidenceItem)
class EvidenceItemAdmin(ScopedAdmin):
    system_path = "set__dataset_version__dataset__system"
    list_display = (
        columns.text("", "Figure"),
        columns.text("kind", "Kind"),
        columns.interval(),
        columns.number("n", "n"),
        columns.record("set", "Evidence"),
        columns.text("method", "Method", words=40),
    )
    list_filter = (filters.among("kind", lambda: figures.KINDS),)
    list_select_related = page_related = ("set__model_version__model", "set__dataset_version__dataset")
    search_fields = ("metric", "attribute", "group", "digest", "set__model_version__model__name")
    ordering = ("-id",)

    def headline(self, row: EvidenceItem) -> SafeString:
        return show.interval(row.value, row.low, row.high)

    def facts(self, row: EvidenceItem) -> Iterable[tuple[str, Any]]:
        yield "Evidence", row.set
        yield "Kind", row.kind.replace("_", " ")
        yield "Metric", figures.name(row.metric)
        yield "Group", f"{row.attribute} {row.group}".strip()
        yield "Rows", row.split
        yield "Against", row.against
        yield "Confidence", row.confidence
        yield "n", row.n
        yield "Method", row.method
        yield "Digest", row.digest

    def sections(self, row: EvidenceItem, request: HttpRequest) -> Iterable[Section]:
        if row.kind == "curve":
            yield Section("Curve", shown.one(row))
        elif row.fields:
            yield Section("Details", show.document(row.fields))
