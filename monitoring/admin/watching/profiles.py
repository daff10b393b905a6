"""Reference profiles: what data looked like when a version was approved."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.models import Monitor, MonitorRun, ReferenceProfile
from registry.admin.scoped import ScopedAdmin


@admin.register(ReferenceProfile)
class ReferenceProfileAdmin(ScopedAdmin):
    system_path = "dataset_version__dataset__system"
    list_display = (
        columns.text("", "Profile"),
        columns.record("dataset_version", "Data"),
        columns.record("model_version", "Answers of"),
        columns.number("n", "Rows"),
        columns.digest("digest"),
        columns.moment("created_at", "Made"),
    )
    list_filter = ("kind",)
    list_select_related = page_related = ("dataset_version__dataset", "model_version__model")
    search_fields = ("digest", "dataset_version__dataset__name", "model_version__model__name")
    date_hierarchy = "created_at"

    def facts(self, row: ReferenceProfile) -> Iterable[tuple[str, Any]]:
        yield "Of", row.get_kind_display()
        yield "Data", row.dataset_version
        yield "Answers of", row.model_version
        yield "Rows", row.n
        yield "Asked for", row.definition
        yield "Bytes", row.digest
        yield "Made", row.created_at

    def sections(self, row: ReferenceProfile, request: HttpRequest) -> Iterable[Section]:
        readers = _readers(row)[:20]
        yield Section(
            "Monitors that compare with it",
            show.table(
                ["Monitor", "Watches", "Enabled"],
                [[one, one.get_kind_display(), one.enabled] for one in readers],
                empty="No monitor has looked at a version that was trained on these data.",
            ),
        )


def _readers(row: ReferenceProfile) -> QuerySet[Monitor]:
    """Monitors that have looked at a version which was trained on these data."""
    looked = MonitorRun.objects.filter(model_version__dataset_version=row.dataset_version_id)
    return Monitor.objects.filter(pk__in=looked.values("monitor")).select_related("slot")
