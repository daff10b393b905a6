"""The datasheet of a dataset version: where the rows come from, what they look like, who learned from them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from registry.documents import parts
from registry.models import DatasetVersion, EvidenceItem, Ingestion
from registry.services.documents import cards, figures
from registry.services.documents.sources import Sources

_COLUMNS = {
    "name": "Column",
    "type": "Type",
    "nullable": "May be missing",
    "missing": "Missing",
    "distinct": "Distinct",
    "min": "Least",
    "mean": "Mean",
    "max": "Greatest",
    "sensitive": "Sensitive",
}


def document(version: DatasetVersion) -> parts.Part:
    """The datasheet as one JSON document; what nobody wrote is a gap."""
    sources = Sources()
    texts = {one["name"]: one for one in cards.written(version, sources)}
    sections = [
        _identity(version, sources),
        texts["motivation"],
        texts["collection"],
        texts["labelling"],
        _composition(version, sources),
        _quality(version, sources),
        texts["recommended_uses"],
        _uses(version, sources),
        texts["maintenance"],
    ]
    return parts.document(
        "datasheet",
        title=f"Datasheet: {version}",
        subject={"type": "dataset_version", "id": str(version.pk), "name": str(version)},
        sections=sections,
        records=sources.digests,
    )


def _identity(version: DatasetVersion, sources: Sources) -> parts.Part:
    dataset, ingestion = version.dataset, version.ingestion
    row, family, delivery = sources.cite(version), sources.cite(dataset), sources.cite(ingestion)
    return parts.section(
        "data",
        "Data",
        clauses=["Annex IV 2(d)", "iso42001:A.7.2-A.7.6"],
        facts=[
            parts.fact("Version", str(version), row),
            parts.fact("Description", dataset.description, family),
            parts.fact("AI system", dataset.system.name, sources.cite(dataset.system)),
            parts.fact("Licence", dataset.licence, family),
            parts.fact("Content (SHA-256)", version.digest, row),
            parts.fact("Rows", version.row_count, row),
            parts.fact("Delivered as", ingestion.source_name, delivery),
            _origin(ingestion, sources),
            parts.fact("Delivered by", str(version.uploaded_by), row),
            parts.fact("Fixed", version.created_at, row),
        ],
    )


def _origin(ingestion: Ingestion, sources: Sources) -> parts.Part:
    """The bytes as they were delivered, or the source that a worker read them from."""
    if ingestion.source is not None:
        return parts.fact("Delivery (SHA-256)", ingestion.source.digest, sources.cite(ingestion.source))
    assert ingestion.data_source is not None  # A constraint of the table: it came from somewhere.
    return parts.fact("Read from", str(ingestion.data_source), sources.cite(ingestion.data_source))


def _composition(version: DatasetVersion, sources: Sources) -> parts.Part:
    dataset, row = version.dataset, sources.cite(version)
    return parts.section(
        "composition",
        "Composition",
        clauses=["eu-ai-act:10(2)(a)-(h)"],
        facts=[
            parts.fact("Column that tells people apart", dataset.subject_column, sources.cite(dataset)),
            parts.fact("Sensitive columns", dataset.sensitive_columns, sources.cite(dataset)),
            parts.fact("Labelled by", str(dataset.labelled_by) if dataset.labelled_by else None, sources.cite(dataset)),
        ],
        tables=[
            parts.table("Columns", _COLUMNS, [_column(version, entry, row) for entry in version.schema]),
            *(_levels(version, name, row) for name in dataset.sensitive_columns),
        ],
    )


def _column(version: DatasetVersion, entry: Mapping[str, Any], record: str) -> dict[str, Any]:
    name, seen = entry["name"], _profile(version, entry["name"])
    return {
        "name": name,
        "type": entry.get("type") or entry.get("kind"),
        "nullable": entry.get("nullable"),
        "missing": seen.get("missing"),
        "distinct": seen.get("distinct"),
        "min": _number(seen.get("min")),
        "mean": _number(seen.get("mean")),
        "max": _number(seen.get("max")),
        "sensitive": name in version.dataset.sensitive_columns,
        "record": record,
    }


def _levels(version: DatasetVersion, name: str, record: str) -> parts.Part:
    """How many people of each group: who is in the data, and who hardly is."""
    levels = _profile(version, name).get("levels", [])
    rows = [{"level": str(one["level"]), "count": one["count"], "record": record} for one in levels]
    return parts.table(f"Rows by {name}", {"level": name, "count": "Rows"}, rows)


def _quality(version: DatasetVersion, sources: Sources) -> parts.Part:
    dataset, items = version.dataset, EvidenceItem.objects.filter(set__dataset_version=version, set__model_version=None)
    found = list(items.select_related("set").order_by("id"))
    family = sources.cite(dataset)
    return parts.section(
        "quality",
        "Quality",
        clauses=["eu-ai-act:10(2)(a)-(h)"],
        facts=[
            parts.fact("Verdict of its contract", version.contract_verdict, sources.cite(version)),
            parts.fact("Contract (SHA-256)", version.contract_digest, sources.cite(version)),
        ],
        tables=[
            figures.contracts(found, sources),
            figures.personal(found, sources),
            parts.table(
                "Rules of the contract as it stands",
                {"column": "Column", "rule": "Rule"},
                [
                    {"column": name, "rule": rule, "record": family}
                    for name, rule in [*_rules(dataset.contract), *_whole(dataset.contract)]
                ],
            ),
        ],
        gap="" if dataset.contract else "The dataset has no contract: nothing was checked at delivery.",
    )


def _rules(contract: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Each column with its rules in a line: a row of a table has no room for what is nested."""
    for name, promised in contract.get("columns", {}).items():
        yield name, "; ".join(f"{rule.replace('_', ' ')} {_listed(value)}" for rule, value in promised.items())


def _whole(contract: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The rules that are of no column alone; a check as its own JSON, for nothing else is as exact."""
    for name in ("minimum_rows", "maximum_rows", "unique", "other_columns"):
        if name in contract:
            yield "(all)", f"{name.replace('_', ' ')} {_listed(contract[name])}"
    for check in contract.get("checks", []):
        yield "(all)", f"{check['name']}: {json.dumps(check['rule'], sort_keys=True)}"


def _listed(value: Any) -> str:
    """Names that are unique together are joined by a plus, as in evidence."""
    if isinstance(value, list):
        return ", ".join("+".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _uses(version: DatasetVersion, sources: Sources) -> parts.Part:
    rows = [
        {
            "version": str(one),
            "lifecycle": parts.capital(one.get_lifecycle_display()),
            "registered": one.created_at,
            "record": sources.cite(one),
        }
        for one in version.model_versions.select_related("model").order_by("id")
    ]
    columns = {"version": "Model version", "lifecycle": "Lifecycle", "registered": "Registered"}
    return parts.section("uses", "What learned from it", tables=[parts.table("Model versions", columns, rows)])


def _profile(version: DatasetVersion, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = version.profile.get("columns", {}).get(name, {})
    return found


def _number(value: Any) -> Any:
    """A figure without an interval; dates and the like are words already."""
    return parts.figure(value, None, None) if isinstance(value, int | float) else value
