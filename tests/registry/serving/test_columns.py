"""Values of every type of column, as a request brings them, and what each refuses."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from registry.serving import columns, decoding, values

IMAGE = {"name": "a", "type": "image", "width": 2, "height": 1, "mode": "L"}
TEXT = {"name": "a", "type": "text", "input": "texts", "max_length": 5}
CITY = {"name": "a", "type": "categorical", "input": "texts"}


def of(kind: str) -> dict[str, Any]:
    return {"name": "a", "type": kind, "input": "features", "position": 0}


def png(mode: str = "L", size: tuple[int, int] = (2, 1)) -> str:
    Image.new(mode, size, 255).save(file := io.BytesIO(), "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        (of("numeric"), 1.5, 1.5),
        (of("categorical"), 3, 3.0),
        (of("boolean"), True, 1.0),
        (of("boolean"), 0, 0.0),
        (of("date"), "1970-01-02", 1),
        (of("date"), "1969-12-31", -1),
        (of("timestamp"), "1970-01-02T00:00:01", (1, 1)),
        (of("timestamp"), "1970-01-01T01:00:00+01:00", (0, 0)),
        (of("timestamp"), "1969-12-31T23:59:59.5Z", (-1, 86399)),
        (of("timestamp"), "2026-11-23", (20780, 0)),
        (of("timestamp"), "0001-01-01T00:00:00+14:00", (-719163, 36000)),
        (CITY, "Zürich", "Zürich"),
        (CITY, None, ""),
        (TEXT, "STRAẞE"[:5], "straß".casefold()),
        (TEXT, None, ""),
    ],
)
def test_read_value_is_what_the_model_takes(column: dict[str, Any], value: object, read: object) -> None:
    assert columns.read(column, value) == read


@pytest.mark.parametrize("kind", ["numeric", "categorical", "boolean", "date", "timestamp"])
def test_read_null_is_no_number(kind: str) -> None:
    assert np.isnan(columns.read(of(kind), None)).all()


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        (of("numeric"), "1", "is str, not a number"),
        (of("numeric"), True, "is bool, not a number"),
        (of("boolean"), 2, "is neither true nor false"),
        (of("boolean"), [], "is neither true nor false"),
        (of("date"), "2026-02-30", "is no date such as 2026-11-23"),
        (of("date"), "20261123", "is no date such as 2026-11-23"),
        (of("date"), "２０２６-11-23", "is no date such as 2026-11-23"),
        (of("date"), 20261123, "is int, not text"),
        (of("timestamp"), "2026-11-23T25:00:00", "is no timestamp such as 2026-11-23T08:30:00Z"),
        (of("timestamp"), "2026-11-23T08:30:00+25:00", "is no timestamp such as 2026-11-23T08:30:00Z"),
        (CITY, 3, "is int, not text"),
        (CITY, "a" * 1001, "has 1001 characters, at most 1000 are allowed"),
        (CITY, "a\0b", "holds a character that cannot be kept"),
        (CITY, "a\ud800b", "holds a character that cannot be kept"),
        (TEXT, "abcdef", "has 6 characters, at most 5 are allowed"),
        (IMAGE, None, "is null; a picture is needed"),
        (IMAGE, "%%%%", "is no base64"),
        (IMAGE, "Zürich", "is no base64"),
        (IMAGE, "aGVsbG8=", "is no PNG or JPEG that can be read"),
        (IMAGE, "a" * 1_400_000, "has 1400000 characters, at most 1333337 are allowed"),
        (IMAGE, png("I;16"), "has pixels of the mode I;16, not of 8 bits a channel"),
    ],
)
def test_read_value_that_does_not_fit_says_why(column: dict[str, Any], value: object, complaint: str) -> None:
    with pytest.raises(columns.Unfit) as refused:
        columns.read(column, value)
    assert str(refused.value) == complaint


def test_read_picture_is_pixels_between_0_and_1() -> None:
    assert columns.read(IMAGE, png()).tolist() == [1, 1]


def test_inputs_stand_at_their_positions_in_both_inputs() -> None:
    schema = [
        {**of("timestamp"), "name": "at"},
        {**of("boolean"), "name": "yes", "position": 2},
        {**CITY, "name": "city", "position": 0},
    ]
    rows: list[dict[str, Any]] = [
        {"city": "Bern", "yes": True, "at": "1970-01-01T00:01:00"},
        {"city": None, "yes": None, "at": None},
    ]
    made = decoding.inputs(rows, schema, plain=decoding.is_plain(schema))
    np.testing.assert_array_equal(made["features"], np.array([[0, 60, 1], [np.nan] * 3], dtype=np.float32))
    assert made["texts"].tolist() == [["Bern"], [""]]


def test_is_plain_tells_schemas_of_numbers_alone() -> None:
    assert decoding.is_plain([{"name": "a"}, {"name": "b", "type": "numeric"}])
    assert decoding.is_plain([of("numeric"), {**of("categorical"), "position": 1}])
    assert not decoding.is_plain([of("boolean")])
    assert not decoding.is_plain([CITY])
    assert not decoding.is_plain([{**of("numeric"), "position": 1}])


def test_fold_gives_one_spelling() -> None:
    assert values.fold("ＳＴＲＡẞＥ ﬁx") == "strasse fix"
