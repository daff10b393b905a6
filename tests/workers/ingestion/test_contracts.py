"""Data contracts: what the closed schema refuses, and every rule on rows that break it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from workers.ingestion import contracts, files
from workers.ingestion.errors import ContractInvalid

CENSUS = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"
TABLE = pa.table(
    {
        "id": [1, 2, 2, 4],
        "age": [30, None, 130, -1],
        "employed": [0, 1, 2, 1],
        "mail": ["ann@x.org", "bob@x.org", "", "n"],
        "score": [0.0, 0.5, 1.0, 1.5],
        "active": [True, False, None, True],
    }
)


def check(**document: Any) -> contracts.ContractResult:
    return contracts.check(contracts.validate(document), TABLE)


def broken(column: str, rule: str, count: int, *examples: tuple[int, Any], severity: str = "fail") -> dict[str, Any]:
    shown = [{"row": row, "value": value} for row, value in examples]
    return {"column": column, "rule": rule, "severity": severity, "count": count, "examples": shown}


RULES: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("age", {"type": "integer", "nullable": False}, [broken("age", "nullable", 1, (1, None))]),
    (
        "age",
        {"minimum": 0, "maximum": 120},
        [broken("age", "minimum", 1, (3, -1)), broken("age", "maximum", 1, (2, 130))],
    ),
    ("age", {"maximum": 120, "personal": True}, [broken("age", "maximum", 1, (2, "***"))]),
    ("employed", {"allowed": [0, 1]}, [broken("employed", "allowed", 1, (2, 2))]),
    ("mail", {"allowed": ["n", ""]}, [broken("mail", "allowed", 2, (0, "a***"), (1, "b***"))]),
    ("active", {"allowed": [True]}, [broken("active", "allowed", 1, (1, False))]),
    ("mail", {"minimum": 0}, [broken("mail", "type", 4, (0, "a***"), (1, "b***"), (2, "***"), (3, "n***"))]),
    ("mail", {"type": "integer", "minimum": 0}, [broken("mail", "type", 4)]),
    ("score", {"type": "integer"}, [broken("score", "type", 4)]),
    ("id", {"type": "number"}, []),
    ("salary", {"type": "number"}, [broken("salary", "present", 1)]),
    ("age", {"minimum": -1, "maximum": 130, "type": "integer", "nullable": True}, []),
]


@pytest.mark.parametrize(("column", "promised", "violations"), RULES)
def test_check_column_rule_finds_exactly_the_rows_that_break_it(
    column: str, promised: dict[str, Any], violations: list[dict[str, Any]]
) -> None:
    verdict: contracts.Verdict = "fail" if violations else "pass"
    assert check(columns={column: promised}) == contracts.ContractResult(verdict, 4, violations)


def test_check_violation_declared_a_warning_warns() -> None:
    result = check(columns={"employed": {"allowed": [0, 1], "on_violation": "warn"}})
    warning = broken("employed", "allowed", 1, (2, 2), severity="warn")
    assert result == contracts.ContractResult("warn", 4, [warning])


def test_check_keys_repeated_singly_or_together_are_counted() -> None:
    result = check(columns={"id": {}}, unique=["id", ["id", "age"], "absent"])
    assert result.violations == [broken("id", "unique", 1), broken("absent", "present", 1)]


def test_check_too_few_rows_and_undeclared_columns_are_found() -> None:
    promised: dict[str, Any] = {name: {} for name in TABLE.column_names if name != "mail"}
    result = check(columns=promised, minimum_rows=10, other_columns="warn")
    assert result.verdict == "fail"
    assert result.violations == [broken("", "minimum_rows", 6), broken("mail", "other_columns", 1, severity="warn")]


def test_check_column_without_values_breaks_only_nullability() -> None:
    table = pa.table({"x": pa.nulls(2)})
    contract = contracts.validate(
        {"columns": {"x": {"type": "integer", "minimum": 0, "allowed": [1], "nullable": False}}}
    )
    assert contracts.check(contract, table).violations == [broken("x", "nullable", 2, (0, None), (1, None))]


INVALID: list[tuple[dict[str, Any], str]] = [
    ({}, "$: 'columns' is a required property."),
    (
        {"columns": {"a": {"typ": "integer"}}},
        "$.columns.a: Additional properties are not allowed ('typ' was unexpected).",
    ),
    ({"columns": {"a": {"type": "int"}}}, "$.columns.a.type: 'int' is not one of"),
    ({"columns": {"a": {}}, "minimum_rows": 0}, "$.minimum_rows: 0 is less than the minimum of 1."),
]


@pytest.mark.parametrize(("document", "detail"), INVALID)
def test_validate_invalid_contract_names_path_and_remedy(document: dict[str, Any], detail: str) -> None:
    with pytest.raises(ContractInvalid) as refused:
        contracts.validate(document)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy


def test_propose_for_census_is_kept_by_census() -> None:
    census = files.read(CENSUS)
    proposed = contracts.propose(census)
    assert proposed["columns"]["employed"] == {"type": "integer", "nullable": False, "allowed": [0, 1]}
    assert proposed["columns"]["AGEP"] == {"type": "integer", "nullable": False, "minimum": 0, "maximum": 95}
    assert contracts.check(contracts.validate(proposed), census) == contracts.ContractResult("pass", 20_000, [])
