"""The known traps of the census data: one model, four years, and a gate that does or does not see how sure it is."""

import csv
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.measures import fairness, performance
from monitoring.measures.estimate import Estimate
from registry.gates import evaluate, policies
from registry.gates.facts import Evidence
from registry.gates.results import GateResult
from tests.monitoring.measures import census
from tests.registry.gates.make import NOW, RACE, SUBJECTS, contract, facts, policy

COUNTS = Path(__file__).parents[2] / "vectors" / "census" / "employment_ma_counts.csv"
YEARS = (2015, 2016, 2017, 2018)
POINT = RACE | {"require": {"bound": "point", "op": ">=", "value": 0.8}}
ALONE = RACE | {"family": "none"}
BOTH = {"evidence": RACE["evidence"] | {"attribute": "SEX+RAC1P"}}


@functools.cache
def measured(year: int) -> tuple[Evidence, ...]:
    """Everybody of a year, as evidence: the resampling needs the counts of the cells and nothing else."""
    with COUNTS.open() as file:
        cells = [{name: int(value) for name, value in row.items()} for row in csv.DictReader(file)]
    cells = [cell for cell in cells if cell["year"] == year]
    column = {name: np.repeat([c[name] for c in cells], [c["people"] for c in cells]) for name in cells[0]}
    groups = {name: column[name] for name in ("SEX", "RAC1P")}
    return tuple(evidence(one) for one in fairness.selection(column["prediction"], groups))


def evidence(one: Estimate, kind: str = "fairness") -> Evidence:
    return Evidence(
        id=f"{one.metric} {one.attribute} {one.group}",
        kind=kind,
        split="holdout",
        produced_at=NOW,
        subjects=SUBJECTS,
        metric=one.metric,
        attribute=one.attribute,
        group=one.group,
        value=one.value,
        low=one.low,
        high=one.high,
        confidence=one.confidence,
        n=one.n,
        method=one.method,
        excluded=bool(one.detail.get("excluded")),
        fields=one.detail,
    )


def judged(gate: dict[str, Any], year: int, *items: Evidence) -> GateResult:
    return evaluate.evaluate(policy(gate), facts(*(items or measured(year)))).results[0]


def of_group(gate: dict[str, Any], year: int, group: str) -> tuple[str, float]:
    found = next(one for one in judged(gate, year).details if one.group == group)
    return found.verdict, round(found.value or 0.0, 3)


@pytest.mark.parametrize(
    ("gate", "verdicts"),
    [
        (POINT, ["fail", "pass", "fail", "fail"]),
        (RACE, ["fail", "inconclusive", "fail", "inconclusive"]),
        (ALONE, ["fail", "inconclusive", "fail", "inconclusive"]),
    ],
    ids=["point", "interval", "interval of each group alone"],
)
def test_two_or_more_races_pass_a_point_gate_in_one_year_by_luck(gate: dict[str, Any], verdicts: list[str]) -> None:
    ratios = [0.726, 0.802, 0.713, 0.784]
    assert [of_group(gate, year, "9") for year in YEARS] == list(zip(verdicts, ratios, strict=True))


@pytest.mark.parametrize(
    ("year", "low", "high"), [(2015, 0.686, 0.768), (2016, 0.757, 0.849), (2017, 0.670, 0.758), (2018, 0.741, 0.829)]
)
def test_interval_of_two_or_more_races_alone_is_the_one_on_record(year: int, low: float, high: float) -> None:
    found = next(one for one in judged(ALONE, year).details if one.group == "9")
    assert (found.low, found.high) == (pytest.approx(low, abs=0.004), pytest.approx(high, abs=0.004))


def test_interval_over_all_groups_holds_the_one_of_a_group_alone() -> None:
    together, alone = (next(one for one in judged(gate, 2016).details if one.group == "9") for gate in (RACE, ALONE))
    assert (together.low or 0) < (alone.low or 0) < (alone.high or 0) < (together.high or 0)


def test_black_people_pass_while_black_men_fail() -> None:
    assert [of_group(gate, 2015, group) for gate, group in ((ALONE, "2"), (ALONE | BOTH, "1+2"))] == [
        ("pass", 0.836),
        ("fail", 0.745),
    ]


def test_black_men_among_all_groups_at_once_go_before_a_person() -> None:
    assert [of_group(RACE | BOTH, 2015, group) for group in ("1+2", "2+2")] == [
        ("inconclusive", 0.745),
        ("inconclusive", 0.859),
    ]


@pytest.mark.parametrize("year", YEARS)
def test_sample_of_the_demo_is_too_small_to_show_anything_of_two_or_more_races(year: int) -> None:
    rows = census.year(year)
    groups = {name: rows[name].astype(int) for name in ("SEX", "RAC1P")}
    items = [evidence(one) for one in fairness.selection(rows["prediction"].astype(int), groups)]
    found = next(one for one in judged(RACE, year, *items).details if one.group == "9")
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize("name", ["high-risk", "credit-high-risk", "nyc-ll144"])
def test_ready_policy_can_judge_every_group_that_was_measured(name: str) -> None:
    found = evaluate.evaluate(policies.load(name), facts(*measured(2015)))
    ratios = [result for result in found.results if "impact_ratio" in result.gate_id]
    assert {result.verdict for result in ratios} <= {"pass", "fail", "inconclusive"}
    assert len(ratios) >= 2


@pytest.mark.parametrize("name", policies.names())
def test_ready_policy_finds_every_figure_in_what_an_evaluation_measures(name: str) -> None:
    rows = census.year(2015)
    label, decision = (rows[column].astype(int) for column in ("employed", "prediction"))
    figures = performance.binary_classification(label, rows["predicted_probability"], threshold=0.5, draws=50)
    groups = {column: rows[column].astype(int) for column in ("SEX", "RAC1P")}
    unequal = fairness.selection(decision, groups, label, draws=50)
    items = [contract("pass"), *(evidence(one, "evaluation") for one in figures), *map(evidence, unequal)]
    context = {"request": {"has_champion": False, "change_class": "initial"}}
    found = evaluate.evaluate(policies.load(name), facts(*items, context=context))
    assert [(one.gate_id, one.reason) for one in found.results if one.verdict in ("not_evaluable", "stale")] == []
