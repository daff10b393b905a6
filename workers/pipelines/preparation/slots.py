"""The number columns of a layout, each with what its feature declares."""

from collections.abc import Iterator
from typing import Any

from workers.pipelines.preparation.grammar import NUMBERS
from workers.pipelines.preparation.layout import Layout
from workers.pipelines.preparation.numbers import Slot


def slots_of(layout: Layout, *, scaled: bool) -> list[Slot]:
    """One slot a column; a timestamp has two, its days and its seconds of the day."""
    default = "standard" if scaled else "none"
    return [slot for entry in layout.entries if entry["type"] in NUMBERS for slot in _of(layout, entry, default)]


def _of(layout: Layout, entry: dict[str, Any], default: str) -> Iterator[Slot]:
    name, position = entry["name"], entry["position"]
    options = layout.plan.options(name)
    slot = {
        "feature": name,
        "whole": entry["type"] in ("date", "timestamp"),
        "missing": options["missing"],
        "outliers": options.get("outliers"),
        # Yes and no are 0 and 1 already.
        "scaling": "none" if entry["type"] == "boolean" else options.get("scaling", default),
        "keep": options["keep"],
    }
    yield Slot(name=name, position=position, **slot)
    if entry["type"] == "timestamp":
        yield Slot(name=f"{name}.seconds", position=position + 1, **{**slot, "missing": _seconds(slot["missing"])})


def _seconds(missing: dict[str, Any]) -> dict[str, Any]:
    """A timestamp is missing as a whole: one indicator is enough, and a constant fills the days."""
    strategy = missing["strategy"]
    return {"strategy": "constant", "value": 0} if strategy == "constant" else {"strategy": strategy}
