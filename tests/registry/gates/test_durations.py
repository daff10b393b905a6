"""Durations by the calendar."""

import json
from datetime import UTC, datetime
from importlib import resources

import pytest

from registry.gates import durations
from registry.gates.durations import Duration


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("P5D", Duration(days=5)),
        ("PT4H", Duration(seconds=14400)),
        ("P12M", Duration(months=12)),
        ("P1Y2M3W4DT5H6M7S", Duration(14, 25, 18367)),
    ],
)
def test_parse_of_iso_8601_gives_months_days_seconds(text: str, wanted: Duration) -> None:
    assert durations.parse(text) == wanted


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "5D", "P-5D", "P1.5D", "P5D\n", "P٣D", "P1DT", "p5d", "P99999Y"])
def test_parse_of_anything_else_raises(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO 8601 duration such as P5D, PT4H or P12M"):
        durations.parse(text)


def test_after_at_the_end_of_a_month_stays_in_the_month() -> None:
    start = datetime(2026, 8, 31, tzinfo=UTC)
    found = [durations.after(start, durations.parse(text)) for text in ("P1M", "P6M", "P18M")]
    wanted = [datetime(2026, 9, 30, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)]
    assert found == wanted


def test_before_over_a_new_year_goes_back_by_the_calendar() -> None:
    start = datetime(2026, 1, 15, 8, tzinfo=UTC)
    assert durations.before(start, durations.parse("P2MT8H")) == datetime(2025, 11, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("longer", "answer"), [("P6M", True), ("P184D", True), ("P183D", False), ("P26W", False), ("P1Y", True)]
)
def test_covers_six_months_only_if_it_does_in_every_season(longer: str, answer: bool) -> None:
    assert durations.covers(durations.parse(longer), durations.parse("P6M")) is answer


def test_pattern_of_the_schema_is_the_one_parsed() -> None:
    schema = json.loads(resources.files("registry.gates").joinpath("policy.schema.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["duration"]["pattern"] == durations.PATTERN
