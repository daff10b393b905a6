"""Values as a page prints them."""

from typing import Any

import pytest

from registry.documents import layout, parts

SHOWN: list[tuple[Any, str]] = [
    (None, "–"),
    ("", "–"),
    ([], "–"),
    ({}, "–"),
    (0, "0"),
    (False, "no"),
    (12345, "12,345"),
    (["AGEP", "SCHL"], "AGEP, SCHL"),
    ({"name": "logistic_regression", "C": "1.0"}, "name: logistic_regression; C: 1.0"),
    ("2026-11-23T17:15:29.123456Z", "2026-11-23 17:15:29 UTC"),
    (parts.figure(0.8364, 0.8011, 0.872), "0.836 [0.801, 0.872]"),
    (parts.figure(0.00012, None, None), "1.2e-04"),
    (parts.figure(-0.0, None, None), "0.000"),
    (parts.figure(None, None, None), "–"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN)
def test_value_is_printed_as_a_reader_reads_it(value: Any, text: str) -> None:
    assert layout.shown(value) == text


def test_table_without_rows_is_left_out_and_a_gap_is_named_at_the_top() -> None:
    section = parts.section("s", "Accuracy", tables=[parts.table("T", {"a": "A"}, [])], gap="Nothing was measured.")
    page = layout.lay_out(document(section))
    assert (page.gaps, page.sections[0].tables, page.sections[0].is_empty) == (["Accuracy"], [], False)


def test_figure_stands_to_the_right_and_names_its_record() -> None:
    row = {"metric": "AUC", "value": parts.figure(0.8, 0.7, 0.9), "record": "registry_evidenceitem/1"}
    table = parts.table("T", {"metric": "Metric", "value": "Value"}, [row])
    page = layout.lay_out(document(parts.section("s", "S", tables=[table])))
    assert page.sections[0].tables == [
        layout.Table(
            title="T",
            headers=["Metric", "Value", "Record"],
            kinds=["text", "number", "record"],
            rows=[["AUC", "0.800 [0.700, 0.900]", "ab" * 8]],
        )
    ]


def document(section: Any) -> Any:
    records = {"registry_evidenceitem/1": "ab" * 32}
    return parts.document("card", title="T", subject={"id": "1"}, sections=[section], records=records)
