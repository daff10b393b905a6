"""A data contract as data: what a dataset version promises, and how a table keeps it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion import conditions, documents, profiles, queries, rules
from workers.ingestion.canonical import Rows
from workers.ingestion.errors import ContractInvalid
from workers.ingestion.types import KINDS, kind

Verdict = Literal["pass", "warn", "fail"]

LONGEST, MOST_ROWS = 2**31 - 1, 2**53 - 1
SEVERITY = {"enum": ["warn", "fail"], "default": "fail"}
#: The second is what pandera calls its own check for missing values.
NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,59}$", "not": {"const": "not_nullable"}}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["columns"],
    "properties": {
        "columns": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": [name for name in KINDS if name != "empty"]},
                    "minimum": conditions.NUMBER,
                    "maximum": conditions.NUMBER,
                    "allowed": {"type": "array", "minItems": 1, "maxItems": 1000, "items": conditions.VALUE},
                    "pattern": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "minimum_length": {"type": "integer", "minimum": 0, "maximum": LONGEST},
                    "maximum_length": {"type": "integer", "minimum": 0, "maximum": LONGEST},
                    "missing_at_most": {"type": "number", "minimum": 0, "maximum": 1},
                    "fresh_within_days": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000},
                    "nullable": {"type": "boolean", "default": True},
                    "personal": {"type": "boolean", "default": False},
                    "on_violation": SEVERITY,
                },
            },
        },
        "minimum_rows": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS},
        "maximum_rows": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS},
        "unique": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "oneOf": [
                    {"type": "string"},
                    {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
                ]
            },
        },
        "other_columns": {"enum": ["allow", "warn", "fail"], "default": "allow"},
        "checks": {
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "rule"],
                "properties": {"name": NAME, "rule": {"$ref": "#/$defs/rule"}, "on_violation": SEVERITY},
            },
        },
    },
    "$defs": {"rule": conditions.RULE},
}


@dataclass(frozen=True)
class Contract:
    """A validated contract; `document` is what was validated."""

    document: Mapping[str, Any]


@dataclass(frozen=True)
class ContractResult:
    """How a table keeps a contract: each violation has column, rule, severity, count and masked examples."""

    verdict: Verdict
    rows: int
    violations: list[dict[str, Any]] = field(default_factory=list)


def validate(document: Mapping[str, Any]) -> Contract:
    """The contract; raises ContractInvalid, naming the path, for what the closed schema does not know."""
    broken = documents.problem(SCHEMA, document)
    if broken:
        raise ContractInvalid(broken.detail, broken.remedy)
    for name, promised in document["columns"].items():
        _check_pattern(name, promised.get("pattern", ""))
    named = Counter(one["name"] for one in document.get("checks", []))
    twice = sorted(name for name, count in named.items() if count > 1)
    if twice:
        raise ContractInvalid(
            f"$.checks: The name {twice[0]} is given to several checks.", "Give every check a name of its own."
        )
    return Contract(document)


def check(
    contract: Contract, rows: Rows, *, now: datetime | None = None, personal: Collection[str] = ()
) -> ContractResult:
    """Hold every promise of the contract against the rows, batch by batch; the worst severity broken is the verdict.

    personal: columns of which no example is shown, beside those that the contract itself declares.
    """
    document, schema, count = contract.document, rows.schema, rows.count
    hidden = {*personal, *(name for name, promised in document["columns"].items() if promised.get("personal"))}
    seen = _Seen(document, schema, hidden)
    start = 0
    for batch in rows.batches(seen.columns) if seen.columns else ():
        seen.see(batch, start)
        start += batch.num_rows
    violations = [
        *_shape(document, schema, count),
        *_uniqueness(document, rows, hidden),
        *seen.violations(),
        *_missing(document, seen.missing, count),
        *_stale(document, seen.newest, now or datetime.now(UTC), hidden),
    ]
    severities = {violation["severity"] for violation in violations}
    verdict: Verdict = "fail" if "fail" in severities else "warn" if severities else "pass"
    return ContractResult(verdict, count, violations)


def propose(rows: Rows) -> dict[str, Any]:
    """A contract that these rows keep, for a person to start from: types, nulls, ranges, lengths, levels, keys."""
    profile, schema, count = profiles.profile(rows), rows.schema, rows.count
    proposed = {
        name: _proposed(described, count)
        for name, described in profile["columns"].items()
        if described["missing"] < count
    }
    keys = [
        name
        for name, promised in proposed.items()
        if kind(schema.field(name).type) in ("integer", "string") and _may_be_key(promised, profile["columns"][name])
    ]
    unique = [name for name in keys if queries.repeats(rows, [name], examples=0)[0] == 0]
    return {"columns": proposed, "minimum_rows": max(1, count // 2)} | ({"unique": unique} if unique else {})


class _Seen:
    """What the batches seen so far say about the value rules of a contract."""

    def __init__(self, document: Mapping[str, Any], schema: pa.Schema, personal: Collection[str]) -> None:
        self._document, self._schema, self._personal = document, schema, personal
        self._compiled = rules.compiled(document, schema)
        self._checks = {one["name"]: one for one in document.get("checks", [])}
        asked = {name for one in self._checks.values() for name in conditions.columns(one["rule"])}
        self.columns = [name for name in schema.names if name in document["columns"] or name in asked]
        self._counts: dict[tuple[str, str], int] = defaultdict(int)
        self._examples: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.missing: dict[str, int] = defaultdict(int)
        self.newest: dict[str, tuple[Any, int]] = {}

    def see(self, batch: pa.RecordBatch, start: int) -> None:
        """start: the number of the batch's first row."""
        for name, promised in self._document["columns"].items():
            if name in self.columns:
                self.missing[name] += batch.column(name).null_count
                if "fresh_within_days" in promised:
                    self._see_newest(name, batch.column(name), start)
        for key, broken in rules.broken(self._compiled, batch, start).items():
            self._counts[key] += len(broken)
            wanted = broken[: rules.EXAMPLES - len(self._examples[key])]
            values = rules.examples(batch, self._shown(*key), [row - start for row in wanted], self._personal)
            self._examples[key] += [{"row": row, "value": value} for row, value in zip(wanted, values, strict=True)]

    def violations(self) -> Iterator[dict[str, Any]]:
        """In the order of the contract: its columns, then its checks."""
        for name, promised in self._document["columns"].items():
            severity = promised.get("on_violation", "fail")
            if name not in self._schema.names:
                yield rules.violation(name, "present", severity, 1)
            for column, rule in self._counts:
                if column == name:
                    yield rules.violation(name, rule, severity, self._counts[name, rule], self._examples[name, rule])
        for name, check in self._checks.items():
            severity, unfit = check.get("on_violation", "fail"), rules.check_fits(check, self._schema)
            if unfit:
                yield rules.violation(unfit[0], f"{name}: {unfit[1]}", severity, 1)
            elif self._counts["", name]:
                read = "+".join(conditions.columns(check["rule"]))
                yield rules.violation(read, name, severity, self._counts["", name], self._examples["", name])

    def _shown(self, column: str, rule: str) -> list[str]:
        return [column] if column else conditions.columns(self._checks[rule]["rule"])

    def _see_newest(self, name: str, column: Any, start: int) -> None:
        if kind(column.type) not in ("date", "timestamp"):
            return
        newest = pc.max(column)
        if newest.is_valid and (name not in self.newest or newest.as_py() > self.newest[name][0]):
            self.newest[name] = newest.as_py(), start + pc.index(column, newest).as_py()


def _check_pattern(name: str, pattern: str) -> None:
    try:
        pc.match_substring_regex(pa.array([""]), rules.whole(pattern))
    except pa.ArrowException as error:
        raise ContractInvalid(
            f"$.columns.{name}.pattern: {str(error).splitlines()[0]}.", "Write a pattern in the syntax of RE2."
        ) from error


def _proposed(described: Mapping[str, Any], count: int) -> dict[str, Any]:
    promised: dict[str, Any] = {"type": described["type"], "nullable": described["missing"] > 0}
    if described["missing"]:
        promised["missing_at_most"] = min(1.0, round(described["missing"] / count * 1.5 + 0.01, 2))
    few = "levels" in described and len(described["levels"]) == described["distinct"] <= profiles.LEVELS_SHOWN
    if few and described["type"] in ("integer", "boolean", "string"):
        return promised | {"allowed": sorted(entry["level"] for entry in described["levels"])}
    if described["type"] == "integer" and "min" in described:
        promised |= {"minimum": int(described["min"]), "maximum": int(described["max"])}
    elif described["type"] in ("number", "decimal") and "min" in described:
        promised |= {"minimum": described["min"], "maximum": described["max"]}
    return promised


def _may_be_key(promised: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    return not promised["nullable"] and "allowed" not in promised and "levels" not in described


def _shape(document: Mapping[str, Any], schema: pa.Schema, rows: int) -> list[dict[str, Any]]:
    violations = []
    missing_rows = document.get("minimum_rows", 0) - rows
    if missing_rows > 0:
        violations.append(rules.violation("", "minimum_rows", "fail", missing_rows))
    surplus = rows - document.get("maximum_rows", rows)
    if surplus > 0:
        violations.append(rules.violation("", "maximum_rows", "fail", surplus))
    severity = document.get("other_columns", "allow")
    if severity != "allow":
        others = [name for name in schema.names if name not in document["columns"]]
        violations += [rules.violation(name, "other_columns", severity, 1) for name in others]
    return violations


def _uniqueness(document: Mapping[str, Any], rows: Rows, personal: Collection[str]) -> list[dict[str, Any]]:
    violations = []
    for key in document.get("unique", []):
        names = [key] if isinstance(key, str) else key
        absent = [name for name in names if name not in rows.schema.names]
        if absent:
            violations.append(rules.violation("+".join(absent), "present", "fail", len(absent)))
            continue
        count, repeated = queries.repeats(rows, names, examples=rules.EXAMPLES)
        if count:
            examples = [{"row": row, "value": _at(rows, names, row, personal)} for row in repeated]
            violations.append(rules.violation("+".join(names), "unique", "fail", count, examples))
    return violations


def _at(rows: Rows, names: list[str], row: int, personal: Collection[str]) -> Any:
    start = 0
    for batch in rows.batches(names):
        if row < start + batch.num_rows:
            return rules.examples(batch, names, [row - start], personal)[0]
        start += batch.num_rows
    raise IndexError(row)


def _missing(document: Mapping[str, Any], missing: Mapping[str, int], rows: int) -> list[dict[str, Any]]:
    return [
        rules.violation(name, "missing_at_most", promised.get("on_violation", "fail"), missing[name])
        for name, promised in document["columns"].items()
        if missing.get(name, 0) > promised.get("missing_at_most", 1) * rows
    ]


def _stale(
    document: Mapping[str, Any], newest: Mapping[str, tuple[Any, int]], now: datetime, personal: Collection[str]
) -> list[dict[str, Any]]:
    """Columns whose newest value is older than they promise; a date counts to its end, in UTC."""
    violations = []
    for name, (value, row) in newest.items():
        promised = document["columns"][name]
        if now - _moment(value) > timedelta(days=promised["fresh_within_days"]):
            example = {"row": row, "value": rules.masked(value, name in personal)}
            severity = promised.get("on_violation", "fail")
            violations.append(rules.violation(name, "fresh_within_days", severity, 1, [example]))
    return violations


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    assert isinstance(value, date)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) + timedelta(days=1)
