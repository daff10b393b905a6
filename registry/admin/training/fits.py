"""What a training came to, as tables: what was chosen, its cross-validation, the trials, and what else it found."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.pages import show
from audit.pages.records import Section
from registry.admin.evidence import figures, measured
from registry.models import EvidenceItem, TrainingRun, Trial

TRIALS_SHOWN = 200
MEAN, SPREAD = "_mean", "_std"
#: Estimates of cross-validation by what stands before the metric.
ESTIMATES = {"cv_": "Over the folds", "nested_": "Of the whole procedure, on outer folds"}
#: What the metrics hold beside figures, under the title that a reader looks for; trials have a table of their own.
DOCUMENTS = {
    "preparation": "Preparation",
    "parity": "The converted model beside the fitted one",
    "splits": "Splits",
    "seconds": "Seconds of each stage",
}
_NOTE = "Mean and standard deviation over folds of the training rows. The best of many trials looks better than it is."


def outcome(row: TrainingRun) -> Iterable[Section]:
    """What was chosen and how good it looked in cross-validation; nothing before the run is done."""
    if row.parameters:
        yield Section("What was chosen", show.facts(_chosen(row)))
    if lines := list(_estimates(row.metrics)):
        head = ["Metric", *(title for start, title in ESTIMATES.items() if _has(row.metrics, start))]
        yield Section("Cross-validation", show.table(head, lines), _NOTE)
    if warned := row.metrics.get("warnings"):
        yield Section("Warnings", format_html("<ul class='sentences'>{}</ul>", _items(warned)))


def found(row: TrainingRun) -> Iterable[Section]:
    """Curves and trade-offs that the training left as evidence about its version."""
    version = getattr(row, "version", None)
    if version is None:
        return
    left = EvidenceItem.objects.filter(
        set__model_version=version, set__evaluation=None, kind__in=("curve", "trade_off")
    ).order_by("pk")
    for title, body in measured.by_kind(list(left)):
        yield Section(title, body)


def trials(row: TrainingRun) -> Section:
    """The newest of them, by number; the chosen one is marked."""
    made = list(row.trials.order_by("-number")[:TRIALS_SHOWN])[::-1]
    judged = str(row.recipe.get("selected_by") or "")
    head = ["Trial", "Estimator", "Parameters", "State", figures.name(judged) or "Reported", "Seconds"]
    lines = [_trial(one, row.parameters) for one in made]
    if any(one.failure for one in made):
        head, lines = [*head, "Why not"], [[*line, one.failure] for line, one in zip(lines, made, strict=True)]
    note = f"The newest {TRIALS_SHOWN}." if len(made) == TRIALS_SHOWN else ""
    return Section("Trials", show.table(head, lines, empty="No trial has begun."), note)


def documents(row: TrainingRun) -> Iterable[Section]:
    """The rest of what is on record, folded."""
    yield Section("Recipe", show.document(row.recipe), folded=True)
    for name, title in DOCUMENTS.items():
        if row.metrics.get(name):
            yield Section(title, show.document(row.metrics[name]), folded=True)
    for name, value in (("Environment", row.environment), ("Parameters", row.parameters)):
        if value:
            yield Section(name, show.document(value), folded=True)


def cost(taken: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """What the work took, where that is known."""
    if not taken:
        return
    yield "Time of the processor", f"{taken['cpu_seconds']:,.1f} s"
    yield "Memory at most", show.size(taken["memory_peak_bytes"])
    if taken.get("trials"):
        yield "Trials", f"{taken['trials']:,}, {taken['trial_seconds']:,.1f} s over all workers"


def limits(most: Mapping[str, float]) -> str:
    """What the work may take at most, each with its unit."""
    said = {
        "seconds": lambda value: f"{value:,} s",
        "cpu_seconds": lambda value: f"{value:,} s of the processor",
        "memory_bytes": lambda value: f"{show.size(int(value))} of memory",
    }
    return ", ".join(words(most[name]) for name, words in said.items() if name in most)


def _chosen(row: TrainingRun) -> Iterable[tuple[str, Any]]:
    yield "Estimator", figures.name(str(row.parameters.get("estimator", "")))
    for name, value in sorted(row.parameters.get("chosen", {}).items()):
        yield name.replace("_", " "), value


def _estimates(metrics: Mapping[str, Any]) -> Iterable[list[Any]]:
    """One line a metric, one column an estimate."""
    starts = [start for start in ESTIMATES if _has(metrics, start)]
    names = [
        name.removeprefix(start).removesuffix(MEAN)
        for start in starts
        for name in sorted(metrics)
        if name.startswith(start) and name.endswith(MEAN)
    ]
    for name in dict.fromkeys(names):
        yield [figures.name(name), *(_spread(metrics, f"{start}{name}") for start in starts)]


def _spread(metrics: Mapping[str, Any], name: str) -> SafeString:
    mean, spread = metrics.get(f"{name}{MEAN}"), metrics.get(f"{name}{SPREAD}")
    if mean is None or spread is None:
        return show.number(mean)
    return format_html(
        '<span class="figure">{} <span class="interval">± {}</span></span>', show.number(mean), show.number(spread)
    )


def _has(metrics: Mapping[str, Any], start: str) -> bool:
    return any(name.startswith(start) and name.endswith(MEAN) for name in metrics)


def _trial(one: Trial, parameters: Mapping[str, Any]) -> list[Any]:
    chosen = (one.estimator, one.parameters) == (parameters.get("estimator"), parameters.get("chosen"))
    return [
        one.number,
        one.estimator.replace("_", " "),
        ", ".join(f"{name} {_short(value)}" for name, value in sorted(one.parameters.items())),
        show.chip("selected", "chosen") if chosen and one.state == Trial.State.DONE else show.state(one),
        one.reported[-1] if one.reported else None,
        None if one.seconds is None else show.Figure(f"{one.seconds:,.1f}"),
    ]


def _short(value: Any) -> str:
    """A parameter as long as it tells something."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _items(texts: Iterable[str]) -> SafeString:
    return format_html_join("", "<li>{}</li>", ((text,) for text in texts))
