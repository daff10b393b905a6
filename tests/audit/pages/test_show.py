"""Values as people read them, and never as markup that somebody else wrote."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.pages import show


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (69_021, "69,021"),
        (0.0, "0.000"),
        (-0.0001, "-1.0e-04"),
        (1234.5678, "1,234.568"),
        (2.1256e-19, "2.1e-19"),
    ],
)
def test_number_has_three_decimals_and_separators(value: float | None, text: str) -> None:
    assert show.number(value) == text


def test_interval_stands_in_brackets() -> None:
    whole = '<span class="figure">0.745 <span class="interval">[0.700, 0.794]</span></span>'
    assert show.interval(0.745, 0.7, 0.794) == whole
    assert show.interval(0.745, None, None) == "0.745"


def test_digest_is_short_and_whole_where_pointed_at() -> None:
    assert show.cell("ab" * 32) == f'<code class="digest" title="{"ab" * 32}">abababababab</code>'


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(days=3, hours=1), "3 days"),
        (timedelta(hours=1, minutes=5), "1 hour"),
        (timedelta(seconds=5), "less than a minute"),
    ],
)
def test_span_names_the_largest_unit(gap: timedelta, words: str) -> None:
    assert show.span(gap) == words


def test_distance_looks_both_ways() -> None:
    assert show.distance(timezone.now() + timedelta(days=2, minutes=1)) == "in 2 days"
    assert show.distance(timezone.now() - timedelta(minutes=5)) == "5 minutes ago"


def test_chip_says_it_in_words() -> None:
    fail = '<span class="chip chip-bad"><span aria-hidden="true">✕</span> fail</span>'
    assert show.chip("fail") == fail


@pytest.mark.parametrize(
    "shape", [lambda text: text, lambda text: [text], lambda text: {text: text}, lambda text: [{text: text}]]
)
def test_document_escapes_what_others_wrote(shape: object) -> None:
    shown = show.document(shape("<script>alert(1)</script>"))  # type: ignore[operator]
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_table_marks_columns_of_numbers() -> None:
    shown = show.table(["Name", "n"], [["a", 1], ["b", None]])
    assert '<th scope="col" class="num">n</th>' in shown
    assert '<td data-label="Name"><div>a</div></td><td data-label="n" class="num"><div>1</div></td>' in shown


def test_table_without_rows_says_so() -> None:
    assert show.table(["Name"], [], empty="Nobody yet.") == '<p class="empty">Nobody yet.</p>'


def test_document_of_like_objects_is_a_table() -> None:
    shown = show.document([{"name": "AGEP", "type": "numeric"}, {"name": "SCHL", "type": "categorical"}])
    assert shown.count("<tr>") == 3


def test_document_brackets_a_list_in_a_list() -> None:
    assert show.document(["id", ["year", "person"]]) == "id, (year, person)"


def test_clock_shows_the_second_and_keeps_the_day() -> None:
    at = datetime(2026, 11, 23, 9, 30, 7, tzinfo=UTC)
    assert show.clock(at) == '<time datetime="2026-11-23T09:30:07+00:00" title="2026-11-23">09:30:07</time>'
