"""A dataset's contract in words, and what a version broke of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from audit.pages.records import Section
from registry.gates import words
from registry.models import Dataset, DatasetVersion, EvidenceItem

#: A column's rules, as a reader says them.
RULES = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "allowed": "one of {}",
    "pattern": "of the form {}",
    "minimum_length": "{} characters or more",
    "maximum_length": "{} characters or fewer",
    "missing_at_most": "missing in at most {}",
    "fresh_within_days": "the newest no older than {} days",
}
#: Rules as evidence names what broke them.
BROKEN = {
    "present": "is not there",
    "type": "another type",
    "nullable": "missing values",
    "minimum": "below the minimum",
    "maximum": "above the maximum",
    "allowed": "not an allowed value",
    "pattern": "not of the form",
    "minimum_length": "too short",
    "maximum_length": "too long",
    "unique": "not unique",
    "other_columns": "not in the contract",
    "missing_at_most": "too many missing",
    "fresh_within_days": "too old",
    "minimum_rows": "too few rows",
    "maximum_rows": "too many rows",
}
#: Rules about the table as a whole, and what is said of them.
WHOLE = {
    "minimum_rows": "Rows at least",
    "maximum_rows": "Rows at most",
    "unique": "Unique",
    "other_columns": "Other columns",
}
_COLUMN = ("type", "nullable", "on_violation", "personal")
_EXAMPLES = "Rows are counted from 0. Values of personal columns are masked."


def of_dataset(row: Dataset) -> Section:
    """Every promise: of the columns, of the rows as a whole, and the checks across columns."""
    contract = row.contract
    columns = [_column(name, promised) for name, promised in contract.get("columns", {}).items()]
    head = ["Column", "Type", "Values", "May be missing", "Where broken"]
    table = show.table(head, columns, empty="No column has a rule.")
    whole = [(title, _whole(contract[name])) for name, title in WHOLE.items() if name in contract]
    checks = [[one["name"], condition(one["rule"]), _severity(one)] for one in contract.get("checks", [])]
    beneath = show.table(["Check", "Must hold in every row", "Where broken"], checks) if checks else mark_safe("")
    return Section("Contract", format_html("{}{}{}", table, show.facts(whole) if whole else "", beneath))


def verdict(row: DatasetVersion, items: Sequence[EvidenceItem]) -> str:
    """What the contract's check means for who would use the version; empty where it was kept."""
    severities = [one["severity"] for one in violations(items)]
    fails, warns = severities.count("fail"), severities.count("warn")
    if row.contract_verdict == "fail":
        return f"It broke its contract in {_times(fails)}: no model is trained on it."
    return f"Its contract warns in {_times(warns)}; models may be trained on it." if warns else ""


def of_version(items: Sequence[EvidenceItem]) -> Section:
    """What was broken, what blocks first; columns that the contract does not know stand in one line."""
    broken = violations(items)
    known = sorted((one for one in broken if one["rule"] != "other_columns"), key=lambda one: one["severity"] != "fail")
    lines = [
        [
            one["column"].replace("+", " and "),
            BROKEN.get(one["rule"], one["rule"]),
            show.chip(one["severity"]),
            one["count"],
            examples(one["examples"]),
        ]
        for one in known
    ]
    others = [one for one in broken if one["rule"] == "other_columns"]
    if others:
        names = ", ".join(one["column"] for one in others)
        lines.append([names, BROKEN["other_columns"], show.chip(others[0]["severity"]), None, ""])
    head = ["Column", "What is wrong", "Severity", "Rows", "For example"]
    note = _EXAMPLES if broken else ""
    return Section("Contract", show.table(head, lines, empty="The contract was kept."), note)


def violations(items: Iterable[EvidenceItem]) -> list[Mapping[str, Any]]:
    """What the contract's check found, as it stands in evidence."""
    return [one for item in items if item.kind == "contract_check" for one in item.fields.get("violations", [])]


def examples(found: Iterable[Mapping[str, Any]]) -> str:
    """Values with the numbers of their rows."""
    return "; ".join(f"row {one['row']:,}: {one['value']}" if "row" in one else str(one["value"]) for one in found)


def condition(rule: Mapping[str, Any]) -> str:
    """A check as a sentence: `employed = 0 or AGEP >= 15`."""
    for name, word in (("all", " and "), ("any", " or ")):
        if name in rule:
            parts = [condition(one) for one in rule[name]]
            return word.join(f"({part})" if " and " in part or " or " in part else part for part in parts)
    if "not" in rule:
        return f"not ({condition(rule['not'])})"
    if "missing" in rule:
        return f"{rule['column']} is {'' if rule['missing'] else 'not '}missing"
    if "in" in rule:
        return f"{rule['column']} is one of {_listed(rule['in'])}"
    other = rule["to"]
    return f"{rule['column']} {rule['is']} {other['column'] if isinstance(other, Mapping) else other}"


def _column(name: str, promised: Mapping[str, Any]) -> list[Any]:
    ordered = (*(key for key in RULES if key in promised), *(key for key in promised if key not in RULES))
    rules = [_rule(key, promised[key]) for key in ordered if key not in _COLUMN]
    values = "; ".join([*rules, *(["personal, never shown"] if promised.get("personal") else [])])
    return [name, promised.get("type", "any"), values, bool(promised.get("nullable", True)), _severity(promised)]


def _rule(name: str, value: Any) -> str:
    said = words.percent(value) if name == "missing_at_most" else _listed(value)
    return RULES.get(name, f"{name.replace('_', ' ')} {{}}").format(said)


def _whole(value: Any) -> Any:
    """Names that are unique together stand in brackets."""
    return value if isinstance(value, list) else str(value) if isinstance(value, str) else show.number(value)


def _severity(promised: Mapping[str, Any]) -> SafeString:
    """What a violation does: it blocks, unless the contract says otherwise."""
    blocks = promised.get("on_violation", "fail") == "fail"
    return mark_safe("it blocks") if blocks else mark_safe("it warns")


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _times(count: int) -> str:
    return f"{count} place{'' if count == 1 else 's'}"
