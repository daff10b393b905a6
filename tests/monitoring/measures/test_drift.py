"""Drift: quiet on four years of real data, loud on planted shifts, sound at the edges."""

import itertools
import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from monitoring.measures import drift, profiles
from monitoring.measures.column_drift import ColumnDrift
from monitoring.measures.profiles import Kind, Profile
from tests.monitoring.measures import census

KINDS: dict[str, Kind] = {name: "numeric" if name == "AGEP" else "categorical" for name in census.FEATURES}


@pytest.fixture(scope="module")
def profile() -> Profile:
    # Through bytes, because that is how a profile is kept.
    return profiles.from_bytes(profiles.to_bytes(profiles.make(census.year(2015), KINDS)))


def moved(before: object, after: object, kind: Kind = "numeric") -> ColumnDrift:
    """How far one column has moved."""
    profile = profiles.make({"x": np.array(before)}, {"x": kind})
    return drift.drift(profile, {"x": np.array(after)}, min_n=1).columns[0].column


@pytest.mark.parametrize("rows", [500, 5_000])
@pytest.mark.parametrize("year", [2016, 2017, 2018])
def test_drift_on_the_census_is_quiet(profile: Profile, year: int, rows: int) -> None:
    table = census.year(year)
    reports = [drift.drift(profile, census.some(table, rows, seed)) for seed in range(3)]
    assert [report.verdict for report in reports] == ["quiet"] * 3, [report.reason for report in reports]


def test_drift_on_the_census_is_often_significant_and_still_quiet(profile: Profile) -> None:
    report = drift.drift(profile, census.year(2018))
    assert min(one.adjusted_p for one in report.columns) < 0.05
    assert report.reason.startswith("no column drifted: ")


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
    window = np.array([None, "c", "d", *["a"] * 300, *["b"] * 197], object)
    found = moved(["a"] * 300 + ["b"] * 200, window, "categorical")
    assert (found.missing_rate, found.new_category_rate, found.n, found.present) == (1 / 500, 2 / 500, 500, 499)


def test_drift_with_too_few_rows_is_not_evaluable(profile: Profile) -> None:
    report = drift.drift(profile, census.some(census.year(2016), 199, 0))
    assert (report.verdict, report.columns, report.n) == ("not_evaluable", [], 199)
    assert report.reason == "199 rows against a reference of 5000: at least 200 are needed on both sides"


def test_drift_of_a_window_that_lacks_a_column_is_refused(profile: Profile) -> None:
    with pytest.raises(KeyError, match="AGEP"):
        drift.drift(profile, {})


def test_drift_is_judged_by_effect_where_everything_is_significant() -> None:
    generator = np.random.default_rng(0)
    made = profiles.make({"x": generator.normal(size=200_000)}, {"x": "numeric"})
    report = drift.drift(made, {"x": generator.normal(0.05, 1.0, 200_000)})
    assert (report.verdict, report.columns[0].adjusted_p < 1e-20) == ("quiet", True)


def test_drift_by_chance_is_not_drift() -> None:
    generator = np.random.default_rng(0)
    made = profiles.make({"x": generator.normal(size=200)}, {"x": "numeric"})
    verdicts = [drift.drift(made, {"x": generator.normal(size=200)}, psi_floor=0.0).verdict for _ in range(200)]
    assert verdicts.count("drift") <= 20


@pytest.mark.parametrize(
    ("before", "after"),
    [([5.0] * 300, [4.0] * 300), ([5.0] * 300, [6.0] * 300), ([0.0] * 200 + [1.0] * 100, [-1.0] * 200 + [1.0] * 100)],
)
def test_column_drift_of_a_constant_that_moves_is_large(before: list[float], after: list[float]) -> None:
    found = moved(before, after)
    assert found.excess > 1.0
    assert found.log10_p < -20
    assert moved(before, before).psi == 0.0


def test_column_drift_at_five_deviations_with_a_gap_is_found() -> None:
    values = np.random.default_rng(0).normal(5.0, 1.0, 500)
    values[0] = np.nan
    found = moved(np.random.default_rng(1).normal(size=500), values)
    assert found.statistic == pytest.approx(1.0, abs=0.03)
    assert (found.missing_rate, found.log10_p < -100) == (0.002, True)


def test_column_drift_with_infinities_keeps_its_order_and_has_no_wasserstein() -> None:
    infinite = [*range(100), np.inf, -np.inf]
    same = moved(infinite, infinite)
    assert (same.statistic, same.psi, same.wasserstein) == (0.0, 0.0, 0.0)
    found = moved(infinite, [*range(50), *[np.inf] * 50])
    assert (found.statistic, found.wasserstein) == (pytest.approx(0.5, abs=0.02), None)
    assert found.excess > 0.5


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_column_drift_of_nothing_but_gaps_is_found_and_among_gaps_is_not(kind: Kind) -> None:
    gaps = np.full(300, np.nan)
    lost = moved(np.arange(300.0) % 7, gaps, kind)
    assert (lost.missing_rate, lost.excess > 1.0, lost.log10_p < -50) == (1.0, True, True)
    same = moved(gaps, gaps, kind)
    assert (same.psi, same.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_drift_of_a_column_with_few_values_is_not_evaluable_and_of_an_empty_one_is_quiet(kind: Kind) -> None:
    random = np.random.default_rng(0)
    gaps, rare = np.full(1_000, np.nan), np.where(np.arange(1_000) < 150, np.arange(1_000.0) % 7, np.nan)
    table = {"x": random.normal(size=1_000), "gaps": gaps, "rare": rare}
    kinds: dict[str, Kind] = {"x": "numeric", "gaps": kind, "rare": kind}
    report = drift.drift(profiles.make(table, kinds), table)
    verdicts = {one.column.name: one.verdict for one in report.columns}
    assert verdicts == {"x": "quiet", "gaps": "quiet", "rare": "not_evaluable"}
    assert (report.verdict, report.reason) == (
        "not_evaluable",
        "1 of 3 columns have too few values on one side: rare (150)",
    )


def test_column_drift_of_one_row_is_computed() -> None:
    found = moved(np.arange(100.0), [50.0])
    assert found.p_value == pytest.approx(1.0, abs=0.3)
    assert math.isfinite(found.psi)


def test_drift_of_no_rows_is_not_evaluable(profile: Profile) -> None:
    report = drift.drift(profile, {name: np.array([]) for name in census.FEATURES}, min_n=0)
    assert (report.verdict, report.n) == ("not_evaluable", 0)


def test_column_drift_of_a_huge_shift_keeps_its_logarithm() -> None:
    found = moved(np.zeros(100_000) + np.arange(100_000) % 7, np.full(100_000, 3.0))
    assert (found.p_value, found.log10_p < -400) == (0.0, True)


def test_column_drift_of_sparse_categories_has_an_honest_p_value() -> None:
    random = np.random.default_rng(0)
    shares = 1.0 / np.arange(1, 200)
    small = 0
    for _ in range(200):
        drawn = random.choice(199, 900, p=shares / shares.sum())
        small += moved(drawn[:600], drawn[600:], "categorical").p_value <= 0.05
    assert small <= binom.isf(1e-4, 200, 0.05)


def test_column_drift_of_many_rows_in_new_levels_of_one_row_each_is_sure() -> None:
    random = np.random.default_rng(0)
    before = random.zipf(1.5, 5_000)
    same, other = random.zipf(1.5, 500), random.zipf(1.5, 500)
    other[:50] = -np.arange(50)
    assert moved(before, same, "categorical").log10_p > -3
    assert moved(before, other, "categorical").log10_p < -7


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 600), max_size=4), st.integers(0, 2**32 - 1))
def test_summaries_of_parts_in_any_order_judge_as_the_whole_does(cuts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    profile = profiles.make(mixed(random, 1_000), MIXED)
    window = mixed(random, 600)
    places = [0, *sorted(cuts), 600]
    parts = [{name: values[a:b] for name, values in window.items()} for a, b in itertools.pairwise(places)]
    summaries = [drift.summarise(profile, parts[place]) for place in random.permutation(len(parts))]
    whole = drift.judge(profile, sum(summaries, start=profiles.nothing(profile.frames)))
    assert whole == drift.drift(profile, window)


def test_drift_in_weeks_that_differ_is_quiet_where_windows_were_replayed_in_order() -> None:
    random = np.random.default_rng(0)
    level = np.repeat(random.normal(size=60), 250)
    values = level + random.normal(size=level.size)
    table, window = {"x": values[:10_000]}, {"x": values[-500:]}
    ordered = drift.drift(profiles.make(table, {"x": "numeric"}, in_order=True), window)
    shuffled = drift.drift(profiles.make(table, {"x": "numeric"}), window)
    assert (ordered.verdict, shuffled.verdict) == ("quiet", "drift")


def test_drift_alarms_on_unchanged_data_are_rare_with_no_floor() -> None:
    random = np.random.default_rng(0)
    profile = profiles.make(mixed(random, 2_000), MIXED)
    verdicts = [drift.drift(profile, mixed(random, 500), psi_floor=0.0).verdict for _ in range(200)]
    # One reference for all windows makes them alike: more than the binomial bound of 0.05 would be rare still.
    assert verdicts.count("drift") <= binom.isf(1e-3, 200, 0.05)


def test_drift_of_some_columns_calls_them_and_few_others_significant() -> None:
    random, places = np.random.default_rng(1), range(30)
    kinds: dict[str, Kind] = {f"c{place}": "numeric" for place in places}
    profile = profiles.make({name: random.normal(size=5_000) for name in kinds}, kinds)
    false = []
    for _ in range(20):
        report = drift.drift(profile, {f"c{place}": random.normal(0.6 * (place < 6), size=500) for place in places})
        assert {one.column.name for one in report.columns if one.drifted} == {f"c{place}" for place in range(6)}
        significant = [one.column.name for one in report.columns if one.adjusted_p <= drift.FDR]
        false.append(sum(int(name[1:]) >= 6 for name in significant) / len(significant))
    # The rate itself is 0.05 x 24/30; over 20 looks its mean errs by less than 0.04.
    assert float(np.mean(false)) < 0.08


def test_drift_names_the_columns_whose_correlation_turned() -> None:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, 2_000))
    profile = profiles.make({"x": x, "y": x + z, "z": z}, {"x": "numeric", "y": "numeric", "z": "numeric"})
    shift = drift.drift(profile, {"x": x, "y": z - x, "z": z}).correlation
    assert shift is not None
    assert (shift.columns, shift.pairs) == (("x", "y"), 3)
    assert (shift.before, shift.after) == (pytest.approx(0.69, abs=0.03), pytest.approx(-0.69, abs=0.03))
    assert shift.log10_p < -100


MIXED: dict[str, Kind] = {"number": "numeric", "gaps": "numeric", "count": "numeric", "name": "categorical"}


def mixed(random: np.random.Generator, rows: int) -> dict[str, np.ndarray[tuple[int], np.dtype[Any]]]:
    """Columns of several kinds, all without drift."""
    return {
        "number": random.lognormal(size=rows),
        "gaps": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
        "count": random.poisson(2.0, rows),
        "name": random.zipf(1.5, rows).astype(str),
    }
