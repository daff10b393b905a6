"""A contract in words, and what a version broke of it."""

from typing import Any

import pytest

from registry.admin.data import contracts
from registry.models import DatasetVersion, EvidenceItem
from tests import desks, factories
from tests.registry.admin import reading


def broken(**change: Any) -> dict[str, Any]:
    return {"column": "age", "rule": "maximum", "severity": "warn", "count": 2, "examples": [], **change}


def evidence(*violations: dict[str, Any]) -> list[EvidenceItem]:
    return [EvidenceItem(kind="contract_check", fields={"violations": list(violations)})]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"column": "a", "is": "<=", "to": {"column": "b"}}, "a <= b"),
        ({"column": "a", "in": [1, 2]}, "a is one of 1, 2"),
        ({"column": "a", "missing": False}, "a is not missing"),
        ({"not": {"column": "a", "is": "=", "to": 0}}, "not (a = 0)"),
        (
            {"any": [{"column": "a", "is": "=", "to": 0}, {"all": [{"column": "b", "is": ">", "to": 1},
                                                                   {"column": "c", "missing": True}]}]},
            "a = 0 or (b > 1 and c is missing)",
        ),
    ],
)  # fmt: skip
def test_check_reads_as_a_sentence(rule: dict[str, Any], words: str) -> None:
    assert contracts.condition(rule) == words


def test_what_blocks_comes_first_and_unknown_columns_stand_in_one_line() -> None:
    unknown = [broken(column=name, rule="other_columns", count=1) for name in ("x", "y")]
    fails = broken(column="id", rule="unique", severity="fail", examples=[{"row": 3, "value": "7"}])
    read = reading.words(contracts.of_version(evidence(*unknown, broken(), fails)).body)
    assert read == (
        "Column What is wrong Severity Rows For example "
        "id not unique ✕ fail 2 row 3: 7 age above the maximum ▲ warn 2 – x, y not in the contract ▲ warn – –"
    )


@pytest.mark.parametrize(
    ("verdict", "severities", "words"),
    [
        ("pass", [], ""),
        ("warn", ["warn"], "Its contract warns in 1 place; models may be trained on it."),
        ("fail", ["fail", "warn", "fail"], "It broke its contract in 2 places: no model is trained on it."),
    ],
)
def test_verdict_says_what_it_means(verdict: str, severities: list[str], words: str) -> None:
    found = evidence(*(broken(severity=one) for one in severities))
    assert contracts.verdict(DatasetVersion(contract_verdict=verdict), found) == words


@pytest.mark.django_db
def test_page_of_a_dataset_shows_every_promise_and_its_deliveries() -> None:
    contract = {
        "columns": {"age": {"maximum": 120, "minimum": 0, "on_violation": "warn"}},
        "unique": ["id", ["year", "person"]],
        "checks": [{"name": "adults", "rule": {"column": "age", "is": ">=", "to": 18}}],
    }
    dataset = factories.dataset(contract=contract)
    factories.ingestion(dataset)
    read = reading.page(desks.reader(), dataset)
    expected = [
        "age any at least 0; at most 120 yes it warns",
        "Unique id, (year, person)",
        "adults age >= 18 it blocks",
        "Newest deliveries",
        f"people.csv into {dataset.name} … queued",
    ]
    assert [words for words in expected if words not in read] == []
