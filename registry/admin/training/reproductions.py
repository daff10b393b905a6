"""Runs done again: whether the same came out, and where it first did not."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from registry.admin import jobs
from registry.admin.jobs import JobAdmin
from registry.models import Reproduction, TrainingRun

MEANING = {
    "bit_identical": "Everything from the data to the model's bytes came out the same.",
    "within_tolerance": "The bytes differ, and no answer on any row of the data by more than a millionth.",
    "different": "It came out differently.",
}
#: The order of the work, so that the first difference is the likeliest cause of those after it.
STEPS = ("environment", "code", "data", "split", "training rows", "trial", "parameters", "model", "answers")
_ORDER = "In the order of the work: what differs first is the likeliest cause of what differs after it."


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

    def headline(self, row: Reproduction) -> SafeString | str:
        return super().headline(row) or MEANING.get(row.verdict, "")

    def tone(self, row: Reproduction) -> str:
        return "failed" if row.verdict == Reproduction.Verdict.DIFFERENT else super().tone(row)

    def facts(self, row: Reproduction) -> Iterable[tuple[str, Any]]:
        yield "Run", row.run
        yield "Verdict", verdict(row)
        yield "First difference", row.first_difference.get("step", "")
        yield from jobs.facts(row)

    def sections(self, row: Reproduction, request: HttpRequest) -> Iterable[Section]:
        if row.first_difference:
            yield Section("What differed first", show.document(row.first_difference))
        steps = sorted(row.compared.items(), key=lambda step: _order(step[0]))
        yield Section("Compared", show.table(["Step", "Outcome"], [[name, _same(one)] for name, one in steps]), _ORDER)
        yield from super().sections(row, request)
        yield Section("Every value", show.document(row.compared), folded=True)
        yield Section("Where it was done again", show.document(row.environment), folded=True)


def of(run: TrainingRun) -> Section:
    """The times that a run was done again."""
    made = run.reproductions.select_related("run__model", "requested_by")
    head = ["Reproduction", "State", "Verdict", "Asked by", "Asked"]
    lines = [[one, show.state(one), verdict(one), one.requested_by, one.created_at] for one in made]
    return Section("Done again", show.table(head, lines, empty="Nobody has had it done again."))


def _order(step: str) -> tuple[int, int]:
    """Its place in the work; trials by their numbers."""
    kind, _, number = step.partition(" ")
    name = step if step in STEPS else kind
    return STEPS.index(name) if name in STEPS else len(STEPS), int(number) if number.isdecimal() else 0


def _same(one: Mapping[str, Any]) -> SafeString | str:
    if "same" in one:
        return show.chip("pass", "the same") if one["same"] else show.chip("fail", "another")
    apart = one.get("difference_max")
    if apart is None:
        return str(one.get("note", ""))
    return f"{apart:.1e} apart at most" if apart else "none differs"


def verdict(row: Reproduction) -> SafeString | str:
    """In words, with the colour of what it means; empty while nobody knows."""
    return show.chip(row.verdict, row.get_verdict_display()) if row.verdict else ""
