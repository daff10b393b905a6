"""Explanations: what a model goes by, what one decision came from, and what would have changed it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString, mark_safe

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import acting, jobs, scoped
from registry.admin.acting import Act
from registry.admin.jobs import JobAdmin
from registry.admin.pictures import shown
from registry.admin.pictures.bars import Line
from registry.models import Explanation, Prediction
from registry.permissions import allows
from registry.roles import Action
from registry.services import explanations

_AGAIN = "A worker answers the same question anew; its page will say whether the same came out, to the last digit."


@admin.register(Explanation)
class ExplanationAdmin(JobAdmin):
    system_path = "model_version__model__system"
    list_display = (
        "explanation",
        columns.chip("state"),
        columns.record("model_version", "Version"),
        columns.text("requested_by", "Asked by"),
        columns.moment("started_at", "Started"),
        jobs.duration,
    )
    list_filter = ("state", "kind")
    list_select_related = ("model_version__model", "requested_by")
    page_related = (*list_select_related, "model_version__model__system", "dataset_version__dataset", "prediction")
    search_fields = ("model_version__model__name", "digest")
    date_hierarchy = "created_at"
    acts = ("cancel", "replay")

    @admin.display(description="Explanation", ordering="kind")
    def explanation(self, row: Explanation) -> str:
        return self.name(row)

    def name(self, row: Explanation) -> str:
        words = str(row)
        return words[:1].upper() + words[1:]

    def facts(self, row: Explanation) -> Iterable[tuple[str, Any]]:
        yield "Version", row.model_version
        yield "Compared with rows of", row.dataset_version
        yield "Prediction", show.row(row.prediction, _answer(row.prediction)) if row.prediction else None
        yield "Seed", str(row.seed)
        yield from jobs.facts(row)
        yield "Digest", row.digest
        yield "First asked as", explanations.first(row)
        same = explanations.same(row)
        if same is not None:
            yield "Came out", show.chip("pass", "the same") if same else show.chip("fail", "otherwise")

    def sections(self, row: Explanation, request: HttpRequest) -> Iterable[Section]:
        if row.content:
            tell = {"global": _general, "decision": _decision, "counterfactual": _counterfactual}[row.kind]
            for title, body in tell(row.content):
                yield Section(title, body)
        if row.settings:
            yield Section("Settings", show.document(row.settings))
        yield from super().sections(row, request)

    def offers(self, row: Explanation, request: HttpRequest) -> Iterable[Act]:
        yield from super().offers(row, request)
        able = allows(scoped.account(request), Action.EVALUATE, row.model_version.model.system)
        if able and row.state == Explanation.State.SUCCEEDED:
            yield Act("replay", "Ask again", _AGAIN, asks_reason=False)

    def replay(self, request: HttpRequest, row: Explanation) -> HttpResponse:
        return redirect(show.url_of(explanations.replay(row, actor=acting.actor(request))))


def _answer(prediction: Prediction) -> str:
    """The answer that is explained, as a reader would say it."""
    decided = "" if prediction.decision is None else f", decided {prediction.decision}"
    return f"Score {prediction.score:.3f}{decided}"


def _general(content: Mapping[str, Any]) -> Iterable[tuple[str, SafeString]]:
    ranked = shown.bar_figure("Mean size of SHAP values", _lines(content["importance"]))
    yield "What the model goes by", ranked
    grown = sorted(content["permutation"], key=lambda one: -one["value"])
    yield "What it loses without", shown.bar_figure(f"Increase of the {content['loss']} when shuffled", _lines(grown))
    curves = [
        shown.figure(
            f"{one['feature']}, {one['output']}",
            shown.picture("partial_dependence", one),
            shown.table("partial_dependence", one),
        )
        for one in content["partial_dependence"]
    ]
    if curves:
        yield "Partial dependence", shown.side_by_side(curves)


def _decision(content: Mapping[str, Any]) -> Iterable[tuple[str, SafeString]]:
    for place, output in enumerate(content["outputs"]):
        expected, answer = content["expected"][place], content["answer"][place]
        lines = [Line(_named(one), one["contribution"][place]) for one in content["contributions"]]
        title = f"From {expected:.3f} on average to {answer:.3f} here"
        yield f"What the {output} came from", shown.bar_figure(title, lines)


def _counterfactual(content: Mapping[str, Any]) -> Iterable[tuple[str, SafeString]]:
    if content["note"]:
        yield "Nothing found", show.paragraph(content["note"])
    for place, one in enumerate(content["nearest"], 1):
        rows = [[change["feature"], change["from"], change["to"]] for change in one["changes"]]
        answer = ", ".join(f"{value:.3f}" for value in one["answer"])
        note = mark_safe(show.paragraph(f"The answer would have been {answer}."))
        yield f"Change {place}", show.table(["Feature", "Is", "Would have to be"], rows) + note


def _lines(found: Iterable[Mapping[str, Any]]) -> list[Line]:
    return [Line(one["feature"], one["value"], one["low"], one["high"]) for one in found]


def _named(one: Mapping[str, Any]) -> str:
    value = one["value"]
    if value is None:
        return str(one["feature"])
    return f"{one['feature']} = {value:g}" if isinstance(value, int | float) else f"{one['feature']} = {value}"
