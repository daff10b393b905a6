"""Data: datasets with their contract, deliveries, versions with their profile, and the stored files."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry import permissions
from registry.admin import jobs, scoped
from registry.admin.jobs import JobAdmin
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


@admin.register(Dataset)
class DatasetAdmin(ScopedAdmin):
    list_display = (
        "name",
        columns.record("system", "System"),
        columns.text("licence", "Licence", words=60),
        columns.number("version_count", "Versions"),
        columns.moment("created_at", "Registered"),
    )
    list_select_related = page_related = ("system",)
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
        columns_ = row.contract.get("columns", {})
        rules = [[name, *_rule(rule)] for name, rule in columns_.items()]
        rest = {name: value for name, value in row.contract.items() if name != "columns"}
        yield Section(
            "Contract",
            show.table(["Column", "Rules", "May be missing"], rules, empty="No column has a rule.") + _rest(rest),
        )


def _rule(rule: Mapping[str, Any]) -> tuple[str, bool]:
    """A column's rules in words, and whether it may be missing."""
    parts = [f"{name} {_plain(value)}" for name, value in rule.items() if name != "nullable"]
    return "; ".join(parts), bool(rule.get("nullable", True))


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _rest(rest: Mapping[str, Any]) -> SafeString:
    return show.facts((name.replace("_", " ").capitalize(), value) for name, value in rest.items())


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

    def sections(self, row: DatasetVersion, request: HttpRequest) -> Iterable[Section]:
        yield Section(
            "Columns",
            _columns(row),
            f"Sensitive, so never features: {', '.join(row.dataset.sensitive_columns) or 'none'}.",
        )
        yield from _findings(row)
        used = row.model_versions.select_related("model", "trained_by")
        yield Section(
            "Models fitted on it",
            show.table(
                ["Version", "Trained by", "Registered"], [[one, one.trained_by, one.created_at] for one in used]
            ),
        )
        sets = row.evidence_sets.select_related("model_version__model", "dataset_version__dataset")
        yield Section(
            "Evidence", show.table(["Evidence", "Root", "Recorded"], [[one, one.root, one.created_at] for one in sets])
        )


def _findings(row: DatasetVersion) -> Iterable[Section]:
    """What the contract's check and the search for personal data found, as it stands in evidence."""
    items = list(EvidenceItem.objects.filter(set__dataset_version=row, kind__in=("contract_check", "personal_data")))
    broken = [one for item in items for one in item.fields.get("violations", [])]
    lines = [
        [one["column"], one["rule"], show.chip(one["severity"]), one["count"], _examples(one["examples"])]
        for one in broken
    ]
    yield Section(
        "Violations",
        show.table(["Column", "Rule", "Severity", "Rows", "For example"], lines, empty="The contract was kept."),
    )
    held = [
        [item.attribute, ", ".join(sorted(item.fields["kinds"])), item.n, _examples(item.fields["examples"])]
        for item in items
        if item.kind == "personal_data"
    ]
    yield Section(
        "Personal data",
        show.table(["Column", "Seems to hold", "Rows searched", "For example"], held, empty="None was found."),
    )


def _examples(examples: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(f"row {one['row']}: {one['value']}" if "row" in one else str(one["value"]) for one in examples)


def _columns(row: DatasetVersion) -> SafeString:
    """Schema and profile as one table, and the frequent values of each column beneath."""
    profiles = row.profile.get("columns", row.profile)
    headers = ["Column", "Type", "Missing", "Distinct", "Least", "Mean", "Most", "Frequent values"]
    return show.table(headers, [_column(one, profiles.get(one["name"], {})) for one in row.schema])


def _column(column: Mapping[str, Any], profile: Mapping[str, Any]) -> list[Any]:
    levels = profile.get("levels", [])
    shown = "; ".join(f"{one['level']}: {one['count']:,}" for one in levels[:5])
    more = f" and {len(levels) - 5} more" if len(levels) > 5 else ""
    kind = column.get("type", column.get("kind"))
    whole = kind == "integer"
    least, most = (_whole(profile.get(name)) if whole else profile.get(name) for name in ("min", "max"))
    return [
        column["name"],
        kind,
        profile.get("missing"),
        profile.get("distinct"),
        least,
        profile.get("mean"),
        most,
        shown + more,
    ]


def _whole(value: float | None) -> Any:
    """A whole number as it stands in the data: a year has no comma."""
    return None if value is None else show.Figure(int(value))


@admin.register(Ingestion)
class IngestionAdmin(JobAdmin):
    system_path = "dataset__system"
    list_display = (
        "source_name",
        columns.chip("state"),
        columns.record("dataset", "Dataset"),
        columns.text("requested_by", "Delivered by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "format")
    list_select_related = ("dataset", "requested_by")
    page_related = (*list_select_related, "source", "version__dataset", "data_source__dataset")
    search_fields = ("source_name", "dataset__name")
    date_hierarchy = "created_at"

    def facts(self, row: Ingestion) -> Iterable[tuple[str, Any]]:
        yield "Dataset", row.dataset
        yield "File", row.source_name
        yield "Stored as", row.source
        yield "Read from", row.data_source
        yield "Became", getattr(row, "version", None)
        yield from jobs.facts(row)


def _is_page(request: HttpRequest) -> bool:
    return bool(request.resolver_match and "object_id" in request.resolver_match.kwargs)
