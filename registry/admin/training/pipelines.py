"""Pipelines, and their passes from data to draft."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, jobs, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.jobs import JobAdmin
from registry.models import (
    Evaluation,
    Ingestion,
    Pipeline,
    PipelineRun,
    PromotionRequest,
    Reproduction,
    TrainingRun,
)
from registry.permissions import allows
from registry.roles import Action
from registry.services.pipelines import passes, registration

State = Pipeline.State
#: What each step of a pass makes.
MADE: dict[str, type[Model]] = {
    "ingestion": Ingestion,
    "training": TrainingRun,
    "evaluation": Evaluation,
    "reproduction": Reproduction,
    "draft": PromotionRequest,
}
_START = "It makes a candidate and, where its document says so, a draft request; it puts nothing forward."


@admin.register(Pipeline)
class PipelineAdmin(ActingAdmin):
    list_display = (
        columns.text("", "Pipeline"),
        columns.chip("state"),
        columns.record("system", "System"),
        columns.text("registered_by", "Registered by"),
        columns.moment("due_at", "Due"),
        columns.moment("created_at", "Registered"),
    )
    list_filter = ("state",)
    list_select_related = page_related = ("system", "registered_by")
    search_fields = ("name", "system__name", "digest")
    date_hierarchy = "created_at"
    acts = ("start", "pause", "resume", "retire")

    def facts(self, row: Pipeline) -> Iterable[tuple[str, Any]]:
        yield "System", row.system
        yield "State", show.state(row)
        yield "Registered by", row.registered_by
        yield "Registered", row.created_at
        yield "Due", row.due_at
        yield "Digest", row.digest

    def sections(self, row: Pipeline, request: HttpRequest) -> Iterable[Section]:
        related = ("pipeline", "model_version__model", "promotion__model_version__model", "promotion__slot")
        yield Section(
            "Newest passes",
            show.table(
                ["Pass", "State", "Cause", "Took", "Candidate", "Draft", "Why not"],
                [_pass(one) for one in row.runs.select_related(*related)[:20]],
            ),
        )
        yield Section("Document", show.document(row.document))

    def offers(self, row: Pipeline, request: HttpRequest) -> Iterable[Act]:
        if not allows(scoped.account(request), Action.REGISTER, row.system) or row.state == State.RETIRED:
            return
        if row.state == State.ACTIVE:
            yield Act("start", "Start a pass", _START, asks_reason=False)
            yield Act("pause", "Pause", "Neither schedule nor monitor starts it.", revision=row.revision)
        else:
            yield Act("resume", "Resume", "Schedule and monitors start it again.", revision=row.revision)
        yield Act("retire", "Retire", "Nothing starts it any more.", grave=True, revision=row.revision)

    def start(self, request: HttpRequest, row: Pipeline) -> str:
        passes.request(row, actor=acting.actor(request))
        return "A pass has begun."

    def pause(self, request: HttpRequest, row: Pipeline) -> str:
        registration.pause(row, **_given(request))
        return "The pipeline is paused."

    def resume(self, request: HttpRequest, row: Pipeline) -> str:
        registration.resume(row, **_given(request))
        return "The pipeline is active again."

    def retire(self, request: HttpRequest, row: Pipeline) -> str:
        registration.retire(row, **_given(request))
        return "The pipeline is retired."


@admin.register(PipelineRun)
class PipelineRunAdmin(JobAdmin):
    system_path = "pipeline__system"
    list_display = (
        columns.text("", "Pass"),
        columns.chip("state"),
        columns.text("cause", "Cause"),
        columns.record("model_version", "Candidate"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "cause")
    list_select_related = ("pipeline", "model_version__model")
    page_related = (
        "pipeline__system",
        "model_version__model",
        "promotion__model_version__model",
        "promotion__slot",
        "requested_by",
    )
    search_fields = ("pipeline__name", "cause_id")
    date_hierarchy = "created_at"

    def facts(self, row: PipelineRun) -> Iterable[tuple[str, Any]]:
        yield "Pipeline", row.pipeline
        yield "Cause", row.get_cause_display()
        yield from jobs.facts(row)
        yield "Candidate", row.model_version
        yield "Draft request", row.promotion

    def sections(self, row: PipelineRun, request: HttpRequest) -> Iterable[Section]:
        steps = [[one["name"], show.chip(one["state"]), _made(one)] for one in row.steps]
        yield Section("Steps", show.table(["Step", "State", "What it made"], steps, empty="No step has begun."))
        yield from super().sections(row, request)


def _pass(one: PipelineRun) -> list[Any]:
    cause = one.get_cause_display()
    return [one, show.state(one), cause, jobs.took(one), one.model_version, one.promotion, one.failure]


def _made(step: dict[str, Any]) -> SafeString | str:
    """The way to what a step has made."""
    kind = MADE.get(step["name"])
    if kind is None or not step["made"]:
        return str(step["made"] or "")
    return show.row(kind(pk=step["made"]), f"{kind._meta.verbose_name} {show.tail(step['made'])}")


def _given(request: HttpRequest) -> dict[str, Any]:
    return {
        "revision": acting.revision(request),
        "reason": acting.reason(request),
        "actor": acting.actor(request),
    }
