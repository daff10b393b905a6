"""Training runs with their trials and cost, while they go on and after."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, jobs, scoped
from registry.admin.acting import Act
from registry.admin.jobs import JobAdmin
from registry.admin.training import fits, reproductions
from registry.models import TrainingRun
from registry.permissions import allows
from registry.roles import Action
from registry.services import reproductions as again

_AGAIN = "A worker fits it again with the same recipe, seed and data, and certifies whether the same comes out."


@admin.register(TrainingRun)
class TrainingRunAdmin(JobAdmin):
    system_path = "model__system"
    list_display = (
        columns.text("", "Run"),
        columns.chip("state"),
        "became",
        columns.record("dataset_version", "Data"),
        columns.text("requested_by", "Asked by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "cause")
    list_select_related = ("model", "dataset_version__dataset", "requested_by", "version__model")
    page_related = (*list_select_related, "model__system", "dataset_version__artifact")
    search_fields = ("model__name", "recipe_digest", "code_digest", "environment_digest")
    date_hierarchy = "created_at"
    acts = ("cancel", "reproduce")

    @admin.display(description="Became")
    def became(self, row: TrainingRun) -> SafeString:
        return show.row(getattr(row, "version", None))

    def facts(self, row: TrainingRun) -> Iterable[tuple[str, Any]]:
        yield "Model", row.model
        yield "Version", getattr(row, "version", None)
        yield "Data", row.dataset_version
        yield "Seed", str(row.seed)
        yield "Cause", row.get_cause_display()
        yield from jobs.facts(row)
        yield from fits.cost(row.cost)
        yield "Limits", fits.limits(row.limits)
        yield "Code", row.code_digest
        yield "Environment", row.environment_digest
        yield "Recipe", row.recipe_digest

    def sections(self, row: TrainingRun, request: HttpRequest) -> Iterable[Section]:
        yield from fits.outcome(row)
        yield fits.trials(row)
        yield from fits.found(row)
        if row.state == TrainingRun.State.SUCCEEDED:
            yield reproductions.of(row)
        yield from super().sections(row, request)
        yield from fits.documents(row)

    def offers(self, row: TrainingRun, request: HttpRequest) -> Iterable[Act]:
        yield from super().offers(row, request)
        able = allows(scoped.account(request), Action.EVALUATE, row.model.system)
        if able and row.state == TrainingRun.State.SUCCEEDED and row.dataset_version.artifact.purged_at is None:
            yield Act("reproduce", "Do it again", _AGAIN, asks_reason=False)

    def reproduce(self, request: HttpRequest, row: TrainingRun) -> str:
        again.request(row, actor=acting.actor(request))
        return "A worker does it again; its verdict will stand below."
