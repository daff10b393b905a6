"""Data: datasets with their contract, versions with what was found in them, and the stored files."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from registry import permissions
from registry.admin import scoped
from registry.admin.data import contracts, ingestions, profiles
from registry.admin.evidence import measured
from registry.admin.scoped import ScopedAdmin, systems
from registry.models import Artifact, Dataset, DatasetVersion, EvidenceItem, Ingestion, ModelVersion


@admin.register(Artifact)
class ArtifactAdmin(ScopedAdmin):
    system_path = None  # The same bytes may belong to several systems: those that use them.
    list_display = (columns.digest("digest"), "media_type", "size", columns.moment("created_at", "Stored"))
    list_filter = ("media_type",)
    search_fields = ("digest",)
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        """What a delivery, a dataset version or a model version of the person's systems is made of."""
        found, own = super().get_queryset(request), systems(request)
        if permissions.reads_everything(scoped.account(request)):
            return found
        sources = Ingestion.objects.filter(dataset__system__in=own).values("source")
        data = DatasetVersion.objects.filter(dataset__system__in=own).values("artifact")
        fitted = ModelVersion.objects.filter(model__system__in=own).values("artifact")
        return found.filter(Q(pk__in=sources) | Q(pk__in=data) | Q(pk__in=fitted))

    @admin.display(description="Size", ordering="size_bytes")
    def size(self, row: Artifact) -> str:
        return show.size(row.size_bytes)

    def facts(self, row: Artifact) -> Iterable[tuple[str, Any]]:
        yield "SHA-256", show.code(row.digest)
        yield "Kind", row.media_type
        yield "Size", show.size(row.size_bytes)
        yield "Stored", row.created_at
        yield "Bytes removed", row.purged_at

    def sections(self, row: Artifact, request: HttpRequest) -> Iterable[Section]:
        """The person reads it because of one of these: of systems that they may not read nothing is named."""
        own = systems(request)
        delivered = Ingestion.objects.filter(source=row, dataset__system__in=own).select_related("dataset")
        data = DatasetVersion.objects.filter(artifact=row, dataset__system__in=own).select_related("dataset")
        fitted = ModelVersion.objects.filter(artifact=row, model__system__in=own).select_related("model")
        lines = [[one._meta.verbose_name, one, one.created_at] for one in (*delivered, *data, *fitted)]
        yield Section("What it belongs to", show.table(["Kind", "Record", "Since"], lines))


@admin.register(Dataset)
class DatasetAdmin(ScopedAdmin):
    list_display = (
        "name",
        columns.record("system", "System"),
        columns.text("licence", "Licence", words=60),
        columns.number("version_count", "Versions"),
        columns.moment("created_at", "Registered"),
    )
    list_select_related = ("system",)
    page_related = ("system", "labelled_by")
    search_fields = ("name", "description", "licence", "system__name")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        return super().get_queryset(request).annotate(version_count=Count("versions"))

    def headline(self, row: Dataset) -> str:
        return row.description

    def facts(self, row: Dataset) -> Iterable[tuple[str, Any]]:
        yield "System", row.system
        yield "Licence", row.licence
        yield "Sensitive columns", ", ".join(row.sensitive_columns)
        yield "Held for", row.purpose
        yield "Personal columns", ", ".join(row.personal_columns)
        yield "Tells people apart", row.subject_column
        yield "Labelled by", row.labelled_by
        yield "Contract", row.contract_digest
        yield "Registered", row.created_at

    def sections(self, row: Dataset, request: HttpRequest) -> Iterable[Section]:
        versions = row.versions.select_related("dataset", "uploaded_by")
        yield Section(
            "Versions",
            show.table(
                ["Version", "Rows", "Contract", "Digest", "By", "Made"],
                [
                    [one, one.row_count, show.chip(one.contract_verdict), one.digest, one.uploaded_by, one.created_at]
                    for one in versions
                ],
            ),
        )
        yield contracts.of_dataset(row)
        sources = row.sources.select_related("dataset")
        if sources:
            head = ["Source", "Kind", "State", "Next"]
            lines = [[one, one.get_kind_display(), show.state(one), one.due_at] for one in sources]
            yield Section("Sources", show.table(head, lines))
        yield Section("Newest deliveries", ingestions.newest(row.ingestions.all(), empty="Nothing was delivered yet."))


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ScopedAdmin):
    system_path = "dataset__system"
    list_display = (
        columns.text("", "Version"),
        columns.number("row_count", "Rows"),
        columns.chip("contract_verdict", "Contract"),
        columns.digest("digest"),
        columns.text("uploaded_by", "Delivered by"),
        columns.moment("created_at", "Made"),
    )
    list_filter = ("contract_verdict",)
    list_select_related = ("dataset", "uploaded_by")
    page_related = (
        "dataset__system",
        "uploaded_by",
        "ingestion__dataset",
        "ingestion__data_source__dataset",
        "artifact",
    )
    search_fields = ("dataset__name", "digest")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DatasetVersion]:
        found = super().get_queryset(request)
        return found if _is_page(request) else found.defer("schema", "profile")

    def facts(self, row: DatasetVersion) -> Iterable[tuple[str, Any]]:
        yield "Dataset", row.dataset
        yield "System", row.dataset.system
        yield "Rows", row.row_count
        yield "Kind", row.get_media_display()
        yield "Contract", show.chip(row.contract_verdict)
        yield "Digest", show.row(row.artifact, show.digest(row.digest))
        yield "Delivery", row.ingestion
        yield "Read from", row.ingestion.data_source
        yield "Delivered by", row.uploaded_by
        yield "Made", row.created_at

    def headline(self, row: DatasetVersion) -> str:
        return contracts.verdict(row, _evidence(row))

    def tone(self, row: DatasetVersion) -> str:
        return "blocked" if row.contract_verdict == "fail" else ""

    def sections(self, row: DatasetVersion, request: HttpRequest) -> Iterable[Section]:
        found = _evidence(row)
        yield contracts.of_version(found)
        yield profiles.personal(row, found)
        yield profiles.columns(row)
        used = row.model_versions.select_related("model", "trained_by")
        lines = [[one, one.trained_by, one.created_at] for one in used]
        yield Section(
            "Models fitted on it",
            show.table(["Version", "Trained by", "Registered"], lines, empty="No model was fitted on it."),
        )
        sets = row.evidence_sets.select_related("model_version__model", "dataset_version__dataset")
        yield Section("Evidence", measured.sets(sets))


def _evidence(row: DatasetVersion) -> list[EvidenceItem]:
    """What its contract's check and the search for personal data found."""
    kinds = ("contract_check", "personal_data")
    found = EvidenceItem.objects.filter(set__dataset_version=row, set__model_version=None, kind__in=kinds)
    return list(found.select_related("set"))


def _is_page(request: HttpRequest) -> bool:
    return bool(request.resolver_match and "object_id" in request.resolver_match.kwargs)
