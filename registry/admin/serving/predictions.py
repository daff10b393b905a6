"""What was answered and what was not, what turned out, and the batches that fix the answers in the log."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin.scoped import ScopedAdmin, ScopedFilter
from registry.models import FailedRequest, Outcome, Prediction, PredictionBatch


def _name(row: Prediction) -> str:
    """A prediction in a line of others: when it was made, and the score."""
    return f"{row.score:.3f} on {row.at:%-d %b %Y, %H:%M} UTC"


@admin.register(PredictionBatch)
class PredictionBatchAdmin(ScopedAdmin):
    system_path = "slot__system"
    list_display = (
        columns.moment("created_at", "Sealed"),
        columns.record("slot", "Slot"),
        columns.number("row_count", "Predictions"),
        columns.digest("digest"),
    )
    list_select_related = page_related = ("slot",)
    search_fields = ("slot__key", "digest")
    date_hierarchy = "created_at"

    def facts(self, row: PredictionBatch) -> Iterable[tuple[str, Any]]:
        yield "Slot", row.slot
        yield "Predictions", row.row_count
        yield "Digest", row.digest
        yield "Sealed", row.created_at


@admin.register(Prediction)
class PredictionAdmin(ScopedAdmin):
    system_path = "slot__system"
    list_display = (
        columns.moment("at", "Answered"),
        columns.record("slot", "Slot"),
        columns.text("model_version", "Version"),
        columns.text("arm", "Arm"),
        columns.number("score", "Score"),
        columns.text("decision", "Decision"),
        "sealed",
    )
    list_filter = ("arm", "decision", ("slot", ScopedFilter))
    list_select_related = ("slot", "model_version__model")
    page_related = (*list_select_related, "batch__slot")
    search_fields = ("=entity", "=request")
    search_help_text = "A whole entity or request id"
    paginator = InfinitePaginator

    @admin.display(description="Sealed", boolean=True)
    def sealed(self, row: Prediction) -> bool:
        return row.batch_id is not None

    def name(self, row: Prediction) -> str:
        return f"{row.score:.3f} by {row.model_version}"

    def facts(self, row: Prediction) -> Iterable[tuple[str, Any]]:
        yield "Slot", row.slot
        yield "Slot's revision", row.slot_revision
        yield "Version", row.model_version
        yield "Arm", row.get_arm_display()
        yield "Score", row.score
        yield "Decision", "none: a number is predicted" if row.decision is None else str(row.decision)
        yield "Answered", row.at
        yield "Took", f"{row.latency_us / 1000:,.1f} ms"
        yield "About", row.entity
        yield "Request", row.request
        yield "Sealed in", row.batch

    def sections(self, row: Prediction, request: HttpRequest) -> Iterable[Section]:
        yield Section("What the model saw", show.document(row.features))
        note = "Kept for fairness alone; the model never sees it."
        yield Section("What only fairness sees", show.document(row.attributes), note)
        outcomes = [[str(one.value), one.at] for one in row.outcomes.all()]
        yield Section("What turned out", show.table(["Outcome", "Arrived"], outcomes, empty="No outcome has arrived."))


@admin.register(Outcome)
class OutcomeAdmin(ScopedAdmin):
    system_path = "prediction__slot__system"
    list_display = (
        columns.moment("at", "Arrived"),
        columns.text("value", "Outcome"),
        columns.record("prediction", "Prediction", shown=_name),
        columns.record("prediction.slot", "Slot"),
    )
    list_filter = ("value",)
    list_select_related = page_related = ("prediction__slot",)
    paginator = InfinitePaginator

    def name(self, row: Outcome) -> str:
        return f"Outcome {row.value} for {row.prediction.slot}"

    def facts(self, row: Outcome) -> Iterable[tuple[str, Any]]:
        yield "Outcome", str(row.value)
        yield "Prediction", show.row(row.prediction, _name(row.prediction))
        yield "Slot", row.prediction.slot
        yield "Arrived", row.at


@admin.register(FailedRequest)
class FailedRequestAdmin(ScopedAdmin):
    system_path = "slot__system"
    list_display = (
        columns.moment("at", "Asked"),
        columns.record("slot", "Slot"),
        columns.text("get_cause_display", "Why"),
        columns.text("detail", "In words", words=110),
        columns.number("row_count", "Rows"),
    )
    list_filter = ("cause", ("slot", ScopedFilter))
    list_select_related = ("slot",)
    page_related = ("slot", "model_version__model")
    search_fields = ("=request",)
    search_help_text = "A whole request id"
    paginator = InfinitePaginator

    def name(self, row: FailedRequest) -> str:
        return f"Request to {row.slot} without an answer"

    def headline(self, row: FailedRequest) -> str:
        return row.detail

    def facts(self, row: FailedRequest) -> Iterable[tuple[str, Any]]:
        yield "Slot", row.slot
        yield "Why", row.get_cause_display()
        yield "Version", row.model_version
        yield "Rows", row.row_count
        yield "Asked", row.at
        yield "Request", row.request
