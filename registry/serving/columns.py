"""One value of a request as its column of the input schema takes it. Pure."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from registry.serving import pixels, values

LARGEST = float(np.finfo(np.float32).max)
LONGEST_CATEGORY = 1_000
LONGEST_TIME = 40
# A picture stands in the log with the answer; larger ones are made smaller by whoever sends them.
LARGEST_IMAGE = 1_000_000
NAN = float("nan")
Column = Mapping[str, Any]
Read = Any


class Unfit(ValueError):
    """The value does not fit its column; the text goes on from its name."""


def width(column: Column) -> int:
    """How many columns of its input it takes."""
    if column["type"] == "image":
        return int(column["width"] * column["height"] * pixels.CHANNELS[column["mode"]])
    return 2 if column["type"] == "timestamp" else 1


def read(column: Column, value: object) -> Read:
    """The value, or values, of the column's place in the inputs. Raises Unfit."""
    return READERS[_reader(column)](column, value)


def complaint(value: object) -> str | None:
    """What is wrong with a number. A whole number of any length is compared exactly, never converted."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is {type(value).__name__}, not a number"
    if not -LARGEST <= value <= LARGEST:  # Not a number is not between them either.
        return "is not finite or too large for a 32-bit float"
    return None


def _reader(column: Column) -> str:
    kind = column.get("type", "numeric")
    if kind == "categorical":
        return "category" if column.get("input") == "texts" else "numeric"
    return str(kind)


def _number(column: Column, value: object) -> Read:
    wrong = complaint(value)
    if wrong:
        raise Unfit(wrong)
    return NAN if value is None else float(value)  # type: ignore[arg-type]


def _boolean(column: Column, value: object) -> Read:
    if isinstance(value, bool):
        return float(value)
    if value is None or (isinstance(value, int | float) and value in (0, 1)):
        return _number(column, value)
    raise Unfit("is neither true nor false")


def _date(column: Column, value: object) -> Read:
    if value is None:
        return NAN
    text = _text(value, LONGEST_TIME)
    try:
        return values.day(text)
    except ValueError as error:
        raise Unfit("is no date such as 2026-11-23") from error


def _timestamp(column: Column, value: object) -> Read:
    if value is None:
        return (NAN, NAN)
    text = _text(value, LONGEST_TIME)
    try:
        return values.moment(text)
    except ValueError as error:
        raise Unfit("is no timestamp such as 2026-11-23T08:30:00Z") from error


def _category(column: Column, value: object) -> Read:
    return "" if value is None else _text(value, LONGEST_CATEGORY)


def _words(column: Column, value: object) -> Read:
    return "" if value is None else values.fold(_text(value, column["max_length"]))


def _image(column: Column, value: object) -> Read:
    if value is None:
        raise Unfit("is null; a picture is needed")
    encoded = _text(value, LARGEST_IMAGE * 4 // 3 + 4)
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise Unfit("is no base64") from error
    try:
        return pixels.decode(data, width=column["width"], height=column["height"], mode=column["mode"])
    except pixels.Unreadable as error:
        raise Unfit(str(error)) from error


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise Unfit(f"is {type(value).__name__}, not text")
    if len(value) > longest:
        raise Unfit(f"has {len(value)} characters, at most {longest} are allowed")
    # Neither the database nor the log's canonical JSON holds these.
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Unfit("holds a character that cannot be kept")
    return value


READERS: dict[str, Callable[[Column, object], Read]] = {
    "numeric": _number,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "category": _category,
    "text": _words,
    "image": _image,
}
