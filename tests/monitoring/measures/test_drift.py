"""Drift: quiet on four years of real data, loud on planted shifts, sound at the edges."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from monitoring.measures import drift, reference
from monitoring.measures.reference import Kind, Profile
from tests.monitoring.measures import census

KINDS: dict[str, Kind] = {name: "numeric" if name == "AGEP" else "categorical" for name in census.FEATURES}


@pytest.fixture(scope="module")
def profile() -> Profile:
    # Through JSON, because that is how a profile is kept.
    made: Profile = json.loads(json.dumps(reference.profile(census.year(2015), KINDS), allow_nan=False))
    return made


def one_column(values: object, kind: Kind = "numeric") -> reference.ColumnProfile:
    return reference.profile({"x": np.array(values)}, {"x": kind})["columns"][0]


@pytest.mark.parametrize("rows", [500, 5_000])
@pytest.mark.parametrize("year", [2016, 2017, 2018])
def test_drift_on_the_census_is_quiet(profile: Profile, year: int, rows: int) -> None:
    table = census.year(year)
    reports = [drift.drift(profile, census.some(table, rows, seed)) for seed in range(3)]
    assert [report.verdict for report in reports] == ["quiet"] * 3, [report.reason for report in reports]


def test_drift_on_the_census_is_often_significant_and_still_quiet(profile: Profile) -> None:
    report = drift.drift(profile, census.year(2018))
    assert min(one.adjusted_p for one in report.columns) < 0.05
    assert report.reason.startswith("no column drifted: the largest PSI is 0.010 (ANC)")


@pytest.mark.parametrize("rows", [500, 5_000])
def test_drift_of_a_planted_shift_is_found_and_ranked_first(profile: Profile, rows: int) -> None:
    window = census.some(census.year(2016), rows, 0)
    window["AGEP"] = window["AGEP"] + 10
    window["CIT"] = np.where(np.arange(rows) % 4 == 0, 5.0, window["CIT"])
    report = drift.drift(profile, window)
    assert report.verdict == "drift"
    assert {one.column.name for one in report.columns[:2]} == {"AGEP", "CIT"}
    assert [one.drifted for one in report.columns] == [True] * 2 + [False] * 12
    assert report.reason.startswith("2 of 14 columns drifted: ")
    json.dumps(asdict(report), allow_nan=False)


def test_drift_of_a_new_category_is_found(profile: Profile) -> None:
    window = census.some(census.year(2016), 500, 0)
    window["MAR"][:60] = 99
    top = drift.drift(profile, window).columns[0]
    assert (top.column.name, top.drifted, top.column.new_category_rate) == ("MAR", True, 0.12)


@pytest.mark.parametrize("name", ["AGEP", "MAR"])
def test_drift_of_the_missing_rate_is_found(profile: Profile, name: str) -> None:
    window = census.some(census.year(2016), 500, 0)
    window[name][:100] = np.nan
    top = drift.drift(profile, window).columns[0]
    assert (top.column.name, top.drifted, top.column.missing_rate) == (name, True, 0.2)


def test_column_drift_of_few_gaps_and_new_levels_counts_each_apart() -> None:
    made = one_column(["a"] * 300 + ["b"] * 200, "categorical")
    found = drift.column_drift(made, np.array([None, "c", "d", *["a"] * 300, *["b"] * 197], object))
    assert (found.missing_rate, found.new_category_rate, found.n) == (1 / 500, 2 / 500, 500)


def test_drift_with_too_few_rows_is_not_evaluable(profile: Profile) -> None:
    report = drift.drift(profile, census.some(census.year(2016), 199, 0))
    assert (report.verdict, report.columns, report.n) == ("not_evaluable", [], 199)
    assert report.reason == "199 rows against a reference of 5000: at least 200 are needed on both sides"


def test_drift_of_a_window_that_lacks_a_column_is_refused(profile: Profile) -> None:
    with pytest.raises(KeyError, match="AGEP"):
        drift.drift(profile, {})


def test_drift_is_judged_by_effect_where_everything_is_significant() -> None:
    generator = np.random.default_rng(0)
    made = reference.profile({"x": generator.normal(size=200_000)}, {"x": "numeric"})
    report = drift.drift(made, {"x": generator.normal(0.05, 1.0, 200_000)})
    assert (report.verdict, report.columns[0].adjusted_p < 1e-20) == ("quiet", True)


def test_drift_by_chance_is_not_drift() -> None:
    generator = np.random.default_rng(0)
    made = reference.profile({"x": generator.normal(size=200)}, {"x": "numeric"})
    verdicts = [drift.drift(made, {"x": generator.normal(size=200)}, psi_floor=0.0).verdict for _ in range(200)]
    assert verdicts.count("drift") <= 20


@pytest.mark.parametrize(
    ("before", "after"),
    [([5.0] * 300, [4.0] * 300), ([5.0] * 300, [6.0] * 300), ([0.0] * 200 + [1.0] * 100, [-1.0] * 200 + [1.0] * 100)],
)
def test_column_drift_of_a_constant_that_moves_is_large(before: list[float], after: list[float]) -> None:
    found = drift.column_drift(one_column(before), np.array(after))
    assert found.excess > 1.0
    assert found.log10_p < -20
    assert drift.column_drift(one_column(before), np.array(before)).psi == 0.0


def test_column_drift_at_five_deviations_with_a_gap_is_found() -> None:
    values = np.random.default_rng(0).normal(5.0, 1.0, 500)
    values[0] = np.nan
    found = drift.column_drift(one_column(np.random.default_rng(1).normal(size=500)), values)
    assert found.statistic == pytest.approx(1.0, abs=0.03)
    assert (found.missing_rate, found.log10_p < -100) == (0.002, True)


def test_column_drift_with_infinities_keeps_its_order_and_has_no_wasserstein() -> None:
    infinite = one_column([*range(100), np.inf, -np.inf])
    found = drift.column_drift(infinite, np.array([*range(100), np.inf, -np.inf]))
    assert (found.statistic, found.psi, found.wasserstein) == (0.0, 0.0, None)
    moved = drift.column_drift(infinite, np.array([*range(50), *[np.inf] * 50]))
    assert moved.statistic == pytest.approx(0.5, abs=0.02)
    assert moved.excess > 0.5


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_column_drift_of_nothing_but_gaps_is_found_and_among_gaps_is_not(kind: Kind) -> None:
    gaps = np.full(300, np.nan)
    lost = drift.column_drift(one_column(np.arange(300.0) % 7, kind), gaps)
    assert (lost.missing_rate, lost.excess > 1.0, lost.log10_p < -50) == (1.0, True, True)
    same = drift.column_drift(one_column(gaps, kind), gaps)
    assert (same.psi, same.p_value) == (0.0, 1.0)


def test_column_drift_of_one_row_is_computed() -> None:
    found = drift.column_drift(one_column(np.arange(100.0)), np.array([50.0]))
    assert found.p_value == pytest.approx(1.0, abs=0.3)
    assert math.isfinite(found.psi)


def test_column_drift_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        drift.column_drift(one_column([1.0]), np.array([]))


def test_column_drift_of_sparse_categories_has_an_honest_p_value() -> None:
    generator = np.random.default_rng(0)
    shares = 1.0 / np.arange(1, 200)
    drawn = [generator.choice(199, 800, p=shares / shares.sum()) for _ in range(201)]
    made = one_column(drawn[0][:600], "categorical")
    small = [drift.column_drift(made, window[:300]).p_value <= 0.05 for window in drawn[1:]]
    # Against one fixed reference the 200 windows are not independent: generous bounds.
    assert sum(small) <= 40
