"""A dataset version's columns: what they hold, and what seems to be about people."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.pages import show
from audit.pages.records import Section
from registry.admin.data import contracts
from registry.models import DatasetVersion, EvidenceItem

LEVELS_SHOWN = 5
_HEAD = ["Column", "Type", "Missing", "Distinct", "Least", "Median", "Mean", "Most", "Frequent values (rows)"]


def columns(row: DatasetVersion) -> Section:
    """Schema and profile as one table."""
    profiles = row.profile.get("columns", row.profile)
    lines = [_column(one, profiles.get(one["name"], {}), row.row_count) for one in row.schema]
    sensitive = ", ".join(row.dataset.sensitive_columns) or "none"
    method = row.profile.get("method")
    how = f" Quantiles: {method}." if isinstance(method, str) else ""
    return Section("Columns", show.table(_HEAD, lines), f"Sensitive, so never features: {sensitive}.{how}")


def personal(row: DatasetVersion, items: Sequence[EvidenceItem]) -> Section:
    """What the search for personal data found, and why they are held."""
    lines = [
        [
            item.attribute,
            ", ".join(sorted(item.fields["kinds"])).replace("_", " "),
            item.n,
            contracts.examples(item.fields["examples"]),
        ]
        for item in items
        if item.kind == "personal_data"
    ]
    head = ["Column", "Seems to hold", "Rows searched", "For example, masked"]
    note = f"Held for: {row.dataset.purpose}" if lines and row.dataset.purpose else ""
    return Section("Personal data", show.table(head, lines, empty="None was found."), note)


def _column(column: Mapping[str, Any], profile: Mapping[str, Any], rows: int) -> list[Any]:
    kind = column.get("type", column.get("kind"))
    median = profile.get("quantiles", {}).get("0.5")
    least, middle, most = (_plain(value, kind) for value in (profile.get("min"), median, profile.get("max")))
    return [
        column["name"],
        kind,
        _missing(profile.get("missing"), rows),
        _distinct(profile),
        least,
        middle,
        profile.get("mean"),
        most,
        "personal: not shown" if profile.get("personal") else _levels(profile.get("levels", [])),
    ]


def _missing(count: int | None, rows: int) -> Any:
    """How many, and which share where there are any."""
    if not count or not rows:
        return count
    return show.Figure(f"{count:,} ({count / rows:.1%})")


def _distinct(profile: Mapping[str, Any]) -> Any:
    count = profile.get("distinct")
    return show.Figure(f"over {count:,}") if count and profile.get("distinct_capped") else count


def _levels(levels: Sequence[Mapping[str, Any]]) -> str:
    shown = "; ".join(f"{one['level']} ({one['count']:,})" for one in levels[:LEVELS_SHOWN])
    return f"{shown} and {len(levels) - LEVELS_SHOWN} more" if len(levels) > LEVELS_SHOWN else shown


def _plain(value: Any, kind: str | None) -> Any:
    """A whole number as it stands in the data: a year has no comma."""
    if isinstance(value, int | float) and kind == "integer" and float(value).is_integer():
        return show.Figure(int(value))
    return value
