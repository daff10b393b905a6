"""Deliveries: files, and what was read from sources, on their way to a dataset version."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from audit.pages import columns, show
from registry.admin import jobs
from registry.admin.jobs import JobAdmin
from registry.models import Ingestion

SHOWN = 25


@admin.register(Ingestion)
class IngestionAdmin(JobAdmin):
    system_path = "dataset__system"
    list_display = (
        columns.text("source_name", "Delivery"),
        columns.chip("state"),
        columns.record("dataset", "Dataset"),
        "became",
        columns.text("requested_by", "Asked by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "format")
    list_select_related = ("dataset", "requested_by", "version__dataset")
    page_related = (*list_select_related, "dataset__system", "source", "data_source__dataset")
    search_fields = ("source_name", "dataset__name")
    date_hierarchy = "created_at"

    @admin.display(description="Became")
    def became(self, row: Ingestion) -> SafeString:
        return show.row(getattr(row, "version", None))

    def facts(self, row: Ingestion) -> Iterable[tuple[str, Any]]:
        yield "Dataset", row.dataset
        yield "File" if row.source else "Source", row.source_name
        yield "Format", show.said(row, "format")
        yield "Stored as", row.source
        yield "Read from", row.data_source
        yield "Became", getattr(row, "version", None)
        yield from jobs.facts(row)


def newest(rows: QuerySet[Ingestion], *, empty: str) -> SafeString:
    """The newest deliveries, each with what it became or why it did not."""
    found = rows.select_related("dataset", "version__dataset", "requested_by").order_by("-pk")[:SHOWN]
    head = ["Delivery", "State", "Became", "Asked by", "Started", "Took", "Why not"]
    return show.table(head, [_line(one) for one in found], empty=empty)


def _line(one: Ingestion) -> list[Any]:
    made = getattr(one, "version", None)
    return [one, show.state(one), made, one.requested_by, one.started_at, jobs.took(one), one.failure]
