"""Training runs with their trials and cost while they go on and after; and runs done again."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, jobs, scoped
from registry.admin.acting import Act
from registry.admin.jobs import JobAdmin
from registry.models import Reproduction, TrainingRun
from registry.permissions import allows
from registry.roles import Action
from registry.services import reproductions

TRIALS_SHOWN = 200
_AGAIN = "A worker fits it again with the same recipe, seed and data, and certifies whether the same comes out."


@admin.register(TrainingRun)
class TrainingRunAdmin(JobAdmin):
    system_path = "model__system"
    list_display = (
        columns.text("", "Run"),
        columns.chip("state"),
        columns.record("model", "Model"),
        columns.record("dataset_version", "Data"),
        columns.text("requested_by", "Asked by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "cause")
    list_select_related = ("model", "dataset_version__dataset", "requested_by")
    page_related = (*list_select_related, "model__system", "dataset_version__artifact", "version__model")
    search_fields = ("model__name", "recipe_digest", "code_digest", "environment_digest")
    date_hierarchy = "created_at"
    acts = ("cancel", "reproduce")

    def facts(self, row: TrainingRun) -> Iterable[tuple[str, Any]]:
        yield "Model", row.model
        yield "Version", getattr(row, "version", None)
        yield "Data", row.dataset_version
        yield "Seed", str(row.seed)
        yield "Cause", row.get_cause_display()
        yield from jobs.facts(row)
        yield from cost(row.cost)
        yield "Limits", ", ".join(f"{name.replace('_', ' ')} {most:,}" for name, most in sorted(row.limits.items()))
        yield "Code", row.code_digest
        yield "Environment", row.environment_digest
        yield "Recipe", row.recipe_digest

    def sections(self, row: TrainingRun, request: HttpRequest) -> Iterable[Section]:
        yield Section("Trials", _trials(row))
        again = row.reproductions.select_related("run__model", "requested_by")
        yield Section(
            "Done again",
            show.table(
                ["Reproduction", "Verdict", "Asked by", "Asked"],
                [[one, verdict(one), one.requested_by, one.created_at] for one in again],
            ),
        )
        yield from super().sections(row, request)
        yield Section("Recipe", show.document(row.recipe), folded=True)
        plain = {name: value for name, value in sorted(row.metrics.items()) if not isinstance(value, Mapping | list)}
        yield Section("Metrics", show.document(plain))
        for name, value in sorted(row.metrics.items()):
            if isinstance(value, Mapping | list):
                yield Section(name.replace("_", " ").capitalize(), show.document(value), folded=True)
        yield Section("Parameters", show.document(row.parameters), folded=True)
        yield Section("Environment", show.document(row.environment), folded=True)

    def offers(self, row: TrainingRun, request: HttpRequest) -> Iterable[Act]:
        yield from super().offers(row, request)
        able = allows(scoped.account(request), Action.EVALUATE, row.model.system)
        if able and row.state == TrainingRun.State.SUCCEEDED and row.dataset_version.artifact.purged_at is None:
            yield Act("reproduce", "Do it again", _AGAIN, asks_reason=False)

    def reproduce(self, request: HttpRequest, row: TrainingRun) -> str:
        reproductions.request(row, actor=acting.actor(request))
        return "A worker does it again; its verdict will stand below."


@admin.register(Reproduction)
class ReproductionAdmin(JobAdmin):
    system_path = "run__model__system"
    list_display = (
        columns.text("", "Reproduction"),
        columns.chip("state"),
        columns.chip("verdict", "Verdict"),
        columns.text("requested_by", "Asked by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "verdict")
    list_select_related = ("run__model", "requested_by")
    page_related = ("run__model__system", "requested_by")
    search_fields = ("run__model__name",)
    date_hierarchy = "created_at"

    def facts(self, row: Reproduction) -> Iterable[tuple[str, Any]]:
        yield "Run", row.run
        yield "Verdict", verdict(row)
        yield "First difference", row.first_difference.get("step", "")
        yield from jobs.facts(row)

    def sections(self, row: Reproduction, request: HttpRequest) -> Iterable[Section]:
        if row.first_difference:
            yield Section("What differed first", show.document(row.first_difference))
        steps = [
            [name, "the same" if one.get("same") else "another" if "same" in one else ""]
            for name, one in row.compared.items()
        ]
        yield Section("Compared", show.table(["Step", "Outcome"], steps))
        yield from super().sections(row, request)
        yield Section("Every value", show.document(row.compared), folded=True)
        yield Section("Where it was done again", show.document(row.environment), folded=True)


def verdict(row: Reproduction) -> SafeString | str:
    """In words, with the colour of what it means; empty while nobody knows."""
    return show.chip(row.verdict, row.get_verdict_display()) if row.verdict else ""


def cost(taken: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """What the work took, where that is known."""
    if not taken:
        return
    yield "Time", f"{taken['seconds']:,.1f} s, of the processor {taken['cpu_seconds']:,.1f} s"
    yield "Memory at most", show.size(taken["memory_peak_bytes"])


def _trials(row: TrainingRun) -> SafeString:
    """The newest of them, by number."""
    found = list(row.trials.order_by("-number")[:TRIALS_SHOWN])[::-1]
    return show.table(
        ["Trial", "Estimator", "Parameters", "State", "Reported", "Seconds"],
        [
            [
                one.number,
                one.estimator,
                ", ".join(f"{name} {value}" for name, value in sorted(one.parameters.items())),
                show.state(one),
                one.reported[-1] if one.reported else None,
                one.seconds,
            ]
            for one in found
        ],
        empty="No trial has begun.",
    )
