"""Data contracts: what the closed schema refuses, and every rule on rows that break it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from workers.ingestion import contracts, files, rules
from workers.ingestion.canonical import Rows
from workers.ingestion.errors import ContractInvalid

Store = Callable[[pa.Table], Rows]
Check = Callable[..., contracts.ContractResult]
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


@pytest.fixture
def stored(tmp_path: Path) -> Store:
    """A table as its canonical file."""

    def store(table: pa.Table) -> Rows:
        (tmp_path / "rows.parquet").write_bytes(files.canonicalise(table))
        return Rows(tmp_path / "rows.parquet")

    return store


@pytest.fixture
def check(stored: Store) -> Check:
    return lambda **document: contracts.check(contracts.validate(document), stored(TABLE))


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
    (
        "mail",
        {"type": "integer", "minimum": 0},
        [broken("mail", "type", 4, (0, "a***"), (1, "b***"), (2, "***"), (3, "n***"))],
    ),
    ("score", {"type": "integer"}, [broken("score", "type", 2, (1, 0.5), (3, 1.5))]),
    ("id", {"type": "number"}, []),
    ("salary", {"type": "number"}, [broken("salary", "present", 1)]),
    ("age", {"minimum": -1, "maximum": 130, "type": "integer", "nullable": True}, []),
]


@pytest.mark.parametrize(("column", "promised", "violations"), RULES)
def test_check_column_rule_finds_exactly_the_rows_that_break_it(
    column: str, promised: dict[str, Any], violations: list[dict[str, Any]], check: Check
) -> None:
    verdict: contracts.Verdict = "fail" if violations else "pass"
    assert check(columns={column: promised}) == contracts.ContractResult(verdict, 4, violations)


def test_check_violation_declared_a_warning_warns(check: Check) -> None:
    result = check(columns={"employed": {"allowed": [0, 1], "on_violation": "warn"}})
    warning = broken("employed", "allowed", 1, (2, 2), severity="warn")
    assert result == contracts.ContractResult("warn", 4, [warning])


def test_check_keys_repeated_singly_or_together_are_counted(check: Check) -> None:
    result = check(columns={"id": {}}, unique=["id", ["id", "age"], "absent"])
    assert result.violations == [broken("id", "unique", 1, (2, 2)), broken("absent", "present", 1)]


def test_check_too_few_rows_and_undeclared_columns_are_found(check: Check) -> None:
    promised: dict[str, Any] = {name: {} for name in TABLE.column_names if name != "mail"}
    result = check(columns=promised, minimum_rows=10, other_columns="warn")
    assert result.verdict == "fail"
    assert result.violations == [broken("", "minimum_rows", 6), broken("mail", "other_columns", 1, severity="warn")]


def test_check_column_without_values_breaks_only_nullability(stored: Store) -> None:
    table = pa.table({"x": pa.nulls(2)})
    contract = contracts.validate(
        {"columns": {"x": {"type": "integer", "minimum": 0, "allowed": [1], "nullable": False}}}
    )
    assert contracts.check(contract, stored(table)).violations == [broken("x", "nullable", 2, (0, None), (1, None))]


ADULT_TWICE: dict[str, Any] = {"name": "adult", "rule": {"column": "a", "is": ">=", "to": 18}}


def nested(levels: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"column": "a", "missing": True}
    for _ in range(levels):
        rule = {"all": [rule]}
    return rule


INVALID: list[tuple[dict[str, Any], str]] = [
    ({}, "$: 'columns' is a required property."),
    (
        {"columns": {"a": {"typ": "integer"}}},
        "$.columns.a: Additional properties are not allowed ('typ' was unexpected).",
    ),
    ({"columns": {"a": {"type": "int"}}}, "$.columns.a.type: 'int' is not one of"),
    ({"columns": {"a": {}}, "minimum_rows": 0}, "$.minimum_rows: 0 is less than the minimum of 1."),
    ({"columns": {"a": {"minimum": 10**400}}}, "$.columns.a.minimum: 1000"),
    ({"columns": {"a": {"maximum": float("inf")}}}, "$.columns.a.maximum: inf is greater than the maximum"),
    ({"columns": {"a": {"allowed": [10**400]}}}, "$.columns.a.allowed[0]: 1000"),
    ({"columns": {"a": {"minimum_length": 2**31}}}, "$.columns.a.minimum_length: 2147483648 is greater"),
    ({"columns": {"a": {"fresh_within_days": 1e9}}}, "$.columns.a.fresh_within_days: 1000000000.0 is greater"),
    (
        {"columns": {"a": {}}, "checks": [ADULT_TWICE, {**ADULT_TWICE, "on_violation": "warn"}]},
        "$.checks: The name adult is given to several checks.",
    ),
    (
        {"columns": {"a": {}}, "checks": [{**ADULT_TWICE, "name": "not_nullable"}]},
        "$.checks[0].name: 'not_nullable' should not be valid under",
    ),
    ({"columns": {"a": {}}, "checks": [{"name": "deep", "rule": nested(400)}]}, "$: There are more than 60 levels"),
]


@pytest.mark.parametrize(("document", "detail"), INVALID)
def test_validate_invalid_contract_names_path_and_remedy(document: dict[str, Any], detail: str) -> None:
    with pytest.raises(ContractInvalid) as refused:
        contracts.validate(document)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy


def test_propose_for_census_is_kept_by_census(stored: Store) -> None:
    census = stored(files.read(CENSUS))
    proposed = contracts.propose(census)
    assert proposed["columns"]["employed"] == {"type": "integer", "nullable": False, "allowed": [0, 1]}
    assert proposed["columns"]["AGEP"] == {"type": "integer", "nullable": False, "minimum": 0, "maximum": 95}
    assert contracts.check(contracts.validate(proposed), census) == contracts.ContractResult("pass", 20_000, [])


DAYS = pa.table(
    {
        "start": pa.array([18_000, 18_010, None], pa.date32()),
        "end": pa.array([18_005, 18_001, 18_002], pa.date32()),
        "code": ["A1", "b2", "A10"],
        "age": [10, 40, 12],
        "employed": [1, 1, 0],
    }
)
MORE: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({"code": {"pattern": "[A-Z][0-9]"}}, [broken("code", "pattern", 2, (1, "b***"), (2, "A***"))]),
    ({"code": {"maximum_length": 2}}, [broken("code", "maximum_length", 1, (2, "A***"))]),
    ({"code": {"minimum_length": 3}}, [broken("code", "minimum_length", 2, (0, "A***"), (1, "b***"))]),
    ({"start": {"missing_at_most": 0.3}}, [broken("start", "missing_at_most", 1)]),
    ({"start": {"missing_at_most": 0.4}}, []),
    ({"end": {"fresh_within_days": 2}}, []),
    ({"end": {"fresh_within_days": 1}}, [broken("end", "fresh_within_days", 1, (0, "2019-04-19"))]),
]


@pytest.mark.parametrize(("columns", "violations"), MORE)
def test_check_further_rules_find_exactly_what_breaks_them(
    columns: dict[str, Any], violations: list[dict[str, Any]], stored: Store
) -> None:
    contract = contracts.validate({"columns": columns})
    now = datetime(2019, 4, 21, 12, tzinfo=UTC)  # A day and a half after the end of the newest day.
    assert contracts.check(contract, stored(DAYS), now=now).violations == violations


def test_check_too_many_rows_is_found(stored: Store) -> None:
    contract = contracts.validate({"columns": {"age": {}}, "maximum_rows": 2})
    assert contracts.check(contract, stored(DAYS)).violations == [broken("", "maximum_rows", 1)]


ADULT = {"any": [{"column": "employed", "is": "=", "to": 0}, {"not": {"column": "age", "is": "<", "to": 15}}]}
CHECKS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (ADULT, [broken("employed+age", "c", 1, (0, "employed=1, age=10"), severity="warn")]),
    (
        {"column": "start", "is": "<=", "to": {"column": "end"}},
        [broken("start+end", "c", 1, (1, "start=2019-04-24, end=2019-04-15"), severity="warn")],
    ),
    ({"column": "end", "is": ">=", "to": "2019-04-15"}, []),
    ({"column": "start", "missing": False}, [broken("start", "c", 1, (2, None), severity="warn")]),
    ({"column": "code", "in": ["A1", "A10"]}, [broken("code", "c", 1, (1, "b***"), severity="warn")]),
    ({"column": "code", "is": ">", "to": 3}, [broken("code", "c: type", 1, severity="warn")]),
    ({"column": "absent", "is": ">", "to": 3}, [broken("absent", "c: present", 1, severity="warn")]),
    ({"column": "age", "is": "<", "to": 10**30}, []),
    ({"column": "age", "in": [10**30]}, [broken("age", "c: type", 1, severity="warn")]),
]


@pytest.mark.parametrize(("rule", "violations"), CHECKS)
def test_check_of_ones_own_names_the_rows_that_break_it(
    rule: dict[str, Any], violations: list[dict[str, Any]], stored: Store
) -> None:
    checks = [{"name": "c", "rule": rule, "on_violation": "warn"}]
    contract = contracts.validate({"columns": {"age": {}}, "checks": checks})
    assert contracts.check(contract, stored(DAYS)).violations == violations


def test_check_over_many_batches_numbers_the_rows_of_the_file(stored: Store) -> None:
    values = [0] * 200_000
    values[70_000] = values[199_999] = 7
    contract = contracts.validate({"columns": {"x": {"maximum": 5}}, "unique": ["row"]})
    table = pa.table({"x": values, "row": [*range(199_999), 3]})
    assert contracts.check(contract, stored(table)).violations == [
        broken("row", "unique", 1, (199_999, 3)),
        broken("x", "maximum", 2, (70_000, 7), (199_999, 7)),
    ]


def test_validate_pattern_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ContractInvalid, match="RE2"):
        contracts.validate({"columns": {"a": {"pattern": "(?=x)"}}})


def test_rule_that_cannot_be_asked_is_never_taken_for_kept(stored: Store) -> None:
    rows = stored(pa.table({"a": [1, 2]}))
    compiled = rules.compiled({"columns": {"a": {"minimum": 10**400}}}, rows.schema)
    with pytest.raises(ContractInvalid, match="The rule minimum cannot be asked"):
        rules.broken(compiled, next(rows.batches()), 0)


def test_keys_whose_names_differ_in_case_alone_are_apart(stored: Store) -> None:
    table = pa.table({"A": [1, 1, 2], "a": ["x", "y", "z"], "file_row_number": [0, 0, 0]})
    contract = contracts.validate({"columns": {"a": {}}, "unique": ["a", "A", "file_row_number"]})
    assert contracts.check(contract, stored(table)).violations == [
        broken("A", "unique", 1, (1, 1)),
        broken("file_row_number", "unique", 2, (1, 0)),
    ]
