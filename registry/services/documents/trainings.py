"""How a version was trained, as a section of its card."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from registry.documents import parts
from registry.models import EvidenceItem, ModelVersion, TrainingRun
from registry.services.documents import figures
from registry.services.documents.sources import Sources

#: More values than these are counted, not named.
LISTED = 8


def section(version: ModelVersion, sources: Sources, items: Sequence[EvidenceItem]) -> parts.Part:
    """The recipe, what was chosen, what was done to the data, with which code and at what cost."""
    run = version.run
    row, recipe = sources.cite(run), run.recipe
    packages = run.environment.get("packages", {})
    rest = {name: value for name, value in run.environment.items() if name != "packages"}
    return parts.section(
        "training",
        "Training",
        clauses=["Annex IV 2(a)-(c)"],
        facts=[
            parts.fact("Run", str(run.pk), row),
            parts.fact("Asked for by", str(version.trained_by), sources.cite(version)),
            parts.fact("Task", recipe.get("task"), row),
            parts.fact("Label", recipe.get("label"), row),
            parts.fact("Features", list(recipe.get("features", {})), row),
            parts.fact("Estimator", run.parameters.get("estimator") or recipe.get("estimator"), row),
            *_searched(run, row),
            parts.fact("Chosen parameters", run.parameters.get("chosen", run.parameters), row),
            parts.fact("Recipe (SHA-256)", run.recipe_digest, row),
            parts.fact("Seed", str(run.seed), row),
            parts.fact("Code (SHA-256)", run.code_digest, row),
            parts.fact("Environment (SHA-256)", run.environment_digest, row),
            parts.fact("Started", run.started_at, row),
            parts.fact("Finished", run.finished_at, row),
            *([parts.fact("Compute used", run.cost, row)] if run.cost else []),
        ],
        tables=[
            _preparation(run, row),
            figures.trade_off(items, sources),
            _named("Libraries", packages, row),
            _named("Environment", rest, row),
        ],
    )


def _searched(run: TrainingRun, record: str) -> Iterable[parts.Part]:
    """From what it was chosen and how, where there was a choice."""
    recipe = run.recipe
    if "algorithms" in recipe:
        yield parts.fact("Chosen among", [one["name"] for one in recipe["algorithms"]], record)
    for name, title in (("search", "Search"), ("cross_validation", "Cross-validation"), ("mitigation", "Mitigation")):
        if name in recipe:
            yield parts.fact(title, recipe[name], record)


def _preparation(run: TrainingRun, record: str) -> parts.Part:
    """What was done with which columns, and what it changed in the rows that were fitted on."""
    rows = [
        {
            "step": one.get("step"),
            "columns": ", ".join(map(str, one.get("columns", []))),
            "did": "; ".join(
                f"{name.replace('_', ' ')}: {_short(value)}"
                for name, value in sorted(one.items())
                if name not in ("step", "columns")
            ),
            "record": record,
        }
        for one in run.metrics.get("preparation") or []
    ]
    return parts.table("Preparation", {"step": "Step", "columns": "Columns", "did": "What it did"}, rows)


def _short(value: Any) -> str:
    """A value in few words: of long lists and of levels how many there are."""
    if isinstance(value, dict | list) and len(value) > LISTED:
        return f"{len(value)} of them"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _named(title: str, values: Mapping[str, Any], record: str) -> parts.Part:
    columns = {"name": "Name", "value": "Value"}
    rows = [{"name": name, "value": value, "record": record} for name, value in _flat(values)]
    return parts.table(title, columns, rows)


def _flat(values: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """`{"cpu": {"count": 2}}` as `cpu count`: a row of a table has no room for what is nested."""
    for name, value in values.items() if isinstance(values, Mapping) else enumerate(values, 1):
        path = f"{above} {name}".strip()
        if isinstance(value, Mapping) or _is_nested(value):
            yield from _flat(value, path)
        else:
            yield path, value


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value)
