"""Values over time: each look with its interval, what rang marked, a line at the limit."""

from datetime import UTC, datetime, timedelta

from registry.admin.pictures import times
from registry.admin.pictures.times import Look

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LOOKS = [
    Look(NOON + timedelta(days=day), 0.8 - day / 50, 0.75 - day / 50, 0.85 - day / 50, day == 4) for day in range(5)
]


def test_history_draws_each_look_its_interval_and_what_rang() -> None:
    drawn = times.history("AUC of 5 looks.", "AUC", LOOKS, limit=0.7)
    assert drawn.count('"picture-dot"') == 4
    assert drawn.count('"picture-dot-chosen"') == 1
    assert drawn.count('"picture-whisker"') == 5
    assert drawn.count('"picture-chance"') == 1


def test_history_names_its_days_and_its_span() -> None:
    drawn = times.history("AUC of 5 looks.", "AUC", LOOKS)
    assert [day for day in range(19, 26) if f">{day} Nov<" in drawn] == [21, 22, 23, 24]
    assert "20 Nov 2026 to 24 Nov 2026, UTC" in drawn
    assert "limit" not in drawn


def test_history_of_one_look_without_an_interval_stands() -> None:
    drawn = times.history("One.", "PSI", [Look(NOON, 0.0)])
    assert (drawn.count('"picture-dot"'), drawn.count('"picture-whisker"'), ">12:00<" in drawn) == (1, 0, True)


def test_end_that_is_infinite_stands_at_the_edge() -> None:
    drawn = times.history("One.", "Ratio", [Look(NOON, 1.0, 0.5, float("inf"))])
    assert "inf" not in drawn
