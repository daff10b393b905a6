"""What is known of the census data: one model, four years, and who is selected less often than others."""

import csv
from pathlib import Path

import numpy as np
import pytest

from monitoring.measures import fairness, group_cells, verdicts
from monitoring.measures.estimate import Estimate
from tests.monitoring.measures import census
from tests.monitoring.measures.estimates import bounds

COUNTS = Path(__file__).parents[2] / "vectors" / "census" / "employment_ma_counts.csv"
YEARS = (2015, 2016, 2017, 2018)


def ratios(year: int, attribute: str) -> dict[str, Estimate]:
    """Impact ratios over everybody of a year, by level."""
    with COUNTS.open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["year"]) == year]
    people = [int(row["people"]) for row in rows]
    column = {name: np.repeat([int(row[name]) for row in rows], people) for name in ("SEX", "RAC1P", "prediction")}
    cells = group_cells.count(column["prediction"], {name: column[name] for name in ("SEX", "RAC1P")})
    return {
        one.group: one for one in fairness.of_cells(cells) if (one.metric, one.attribute) == ("impact_ratio", attribute)
    }


@pytest.mark.parametrize(
    ("year", "value", "alone"),
    [
        (2015, 0.726, (0.686, 0.768)),
        (2016, 0.802, (0.757, 0.849)),
        (2017, 0.713, (0.670, 0.758)),
        (2018, 0.784, (0.741, 0.829)),
    ],
)
def test_impact_ratio_of_two_or_more_races_by_year(year: int, value: float, alone: tuple[float, float]) -> None:
    one = ratios(year, "RAC1P")["9"]
    assert one.value == pytest.approx(value, abs=5e-4)
    assert (one.detail["alone_low"], one.detail["alone_high"]) == pytest.approx(alone, abs=4e-3)
    assert bounds(one)[0] < alone[0] < alone[1] < bounds(one)[1]


def test_verdict_on_two_or_more_races_at_four_fifths_is_open_twice_in_four_years() -> None:
    found = [verdicts.against(ratios(year, "RAC1P")["9"], ">=", 0.8).answer for year in YEARS]
    assert found == ["fail", "inconclusive", "fail", "inconclusive"]


def test_black_people_pass_while_black_men_do_not() -> None:
    people, men = ratios(2015, "RAC1P")["2"], ratios(2015, "SEX+RAC1P")["1+2"]
    assert [one.value for one in (people, men)] == [pytest.approx(0.836, abs=5e-4), pytest.approx(0.745, abs=5e-4)]
    assert (men.detail["alone_low"], men.detail["alone_high"]) == pytest.approx((0.700, 0.794), abs=4e-3)


@pytest.mark.parametrize("year", YEARS)
def test_shipped_sample_is_too_small_for_any_verdict_on_two_or_more_races(year: int) -> None:
    rows = census.year(year)
    found = fairness.selection(rows["prediction"], {"RAC1P": rows["RAC1P"]}, draws=500)
    one = next(one for one in found if (one.metric, one.group) == ("impact_ratio", "9"))
    assert verdicts.against(one, ">=", 0.8).answer == "inconclusive"
