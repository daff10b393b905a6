"""Features made of other features: calendar parts, days between, products, squares, logarithms, bins, words counted."""

from collections.abc import Iterator, Mapping
from typing import Any

COLUMN = {"type": "string", "minLength": 1}
PARTS = ("year", "quarter", "month", "day", "weekday", "is_weekend", "hour")
ENCODINGS = ("number", "one_hot", "cyclic")


def _kind(name: str, properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind", *(key for key in properties if key not in optional)],
        "properties": {"kind": {"const": name}, **properties},
    }


def _columns(least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "minItems": least, "maxItems": most, "uniqueItems": True, "items": COLUMN}


KINDS: dict[str, dict[str, Any]] = {
    "date_parts": _kind(
        "date_parts",
        {
            "of": COLUMN,
            "parts": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(PARTS)}},
            "encoding": {"enum": list(ENCODINGS)},
        },
        "encoding",
    ),
    "days_between": _kind("days_between", {"from": COLUMN, "to": COLUMN}),
    "product": _kind("product", {"of": _columns(2, 2)}),
    "polynomial": _kind("polynomial", {"of": _columns(1, 30), "degree": {"const": 2}}, "degree"),
    "log1p": _kind("log1p", {"of": _columns(1, 1000)}),
    "bins": _kind(
        "bins",
        {
            "of": COLUMN,
            "cut": {"enum": ["quantiles", "uniform", "edges"]},
            "count": {"type": "integer", "minimum": 2, "maximum": 100},
            "edges": {"type": "array", "minItems": 1, "maxItems": 99, "items": {"type": "number"}},
            "encoding": {"enum": ["number", "one_hot"]},
        },
        "count",
        "edges",
        "encoding",
    ),
    "words": _kind("words", {"of": COLUMN}),
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": list(KINDS)}},
    "allOf": [
        {"if": {"required": ["kind"], "properties": {"kind": {"const": name}}}, "then": schema}
        for name, schema in KINDS.items()
    ],
}
TAKES = {
    "date_parts": ("date", "timestamp"),
    "days_between": ("date", "timestamp"),
    "product": ("numeric", "boolean"),
    "polynomial": ("numeric",),
    "log1p": ("numeric",),
    "bins": ("numeric",),
    "words": ("text",),
}


def columns(derived: Mapping[str, Any]) -> list[str]:
    """The features that it is made of."""
    if derived["kind"] == "days_between":
        return [derived["from"], derived["to"]]
    return [derived["of"]] if isinstance(derived["of"], str) else list(derived["of"])


def problems(derived: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the schema cannot say, each with its remedy: columns that are not there or of another type, lacking ends."""
    taken = TAKES[derived["kind"]]
    for name in columns(derived):
        if name not in kinds:
            yield f"{name!r} is no feature.", "Declare it under features; with `keep: false` it is used only here."
        elif kinds[name] not in taken:
            yield f"{name!r} is of the type {kinds[name]}.", f"{derived['kind']} takes {' or '.join(taken)}."
        elif "hour" in derived.get("parts", ()) and kinds[name] == "date":
            yield f"{name!r} is a date and has no hour.", "Declare it a timestamp."
    if derived["kind"] == "bins":
        yield from _bin_problems(derived)
    if derived.get("encoding") in ("one_hot", "cyclic") and "year" in derived.get("parts", ()):
        yield "years have no first and last level.", "Encode the year as a number, in an entry of its own."


def _bin_problems(derived: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if derived["cut"] == "edges":
        edges = derived.get("edges", [])
        if not edges or sorted(set(edges)) != edges or "count" in derived:
            yield "the edges are not given in rising order.", "Give `edges` in rising order, and no `count`."
    elif "count" not in derived or "edges" in derived:
        yield f"{derived['cut']} need a count.", "Give `count`, and no `edges`."
