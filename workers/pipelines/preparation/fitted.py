"""The fitted preparation: its steps in their order, on either kind of operations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.serving import columns
from workers.pipelines.preparation.categories import Category
from workers.pipelines.preparation.derived import Block, Derived
from workers.pipelines.preparation.layout import Layout
from workers.pipelines.preparation.numbers import Corrections, Filled, Scaled, Slot
from workers.pipelines.preparation.ops import Ops
from workers.pipelines.preparation.texts import Weighted


@dataclass
class Fitted:
    """What was learned from the rows fitted on.

    The order: corrections, clipping, filling; then what is derived from the cleaned numbers; then scaling. Categories
    and texts are encoded beside them, pictures pass as they are.
    """

    layout: Layout
    slots: list[Slot]
    corrections: Corrections
    filled: Filled
    derived: list[Derived] = field(default_factory=list)
    scales: Scaled | None = None
    categories: list[Category] = field(default_factory=list)
    weighted: list[Weighted] = field(default_factory=list)

    def run(self, ops: Ops[Any], features: Any, texts: Any, crossed: Mapping[str, Any]) -> list[Block]:
        """The prepared columns; `crossed` are categories that the rows fitted on have from elsewhere."""
        corrected = self.corrections.run(ops, features)
        cleaned = self.cleaned(ops, corrected)
        blocks = self.blocks(ops, cleaned, texts)
        return [
            *self._scaled(ops, cleaned, blocks),
            *self._indicators(ops, corrected),
            *[block for block in blocks if not block.scaled],
            *self._categories(ops, corrected, texts, crossed),
            *self._texts(ops, texts),
            *self._pictures(ops, features),
        ]

    def numbers(self, ops: Ops[Any], corrected: Any) -> Any:
        """The number columns, a slot each."""
        return ops.columns(corrected, [slot.position for slot in self.slots])

    def cleaned(self, ops: Ops[Any], corrected: Any) -> dict[str, Any]:
        """Each number column by name, clipped and filled."""
        if not self.slots:
            return {}
        filled = self.filled.run(ops, self.numbers(ops, corrected))
        return {slot.name: ops.columns(filled, [place]) for place, slot in enumerate(self.slots)}

    def blocks(self, ops: Ops[Any], cleaned: Mapping[str, Any], texts: Any) -> list[Block]:
        """What is derived."""
        counted = {one.document["of"] for one in self.derived if one.document["kind"] == "words"}
        columns_of = {name: ops.columns(texts, [self.layout.entry(name)["position"]]) for name in sorted(counted)}
        return [one.run(ops, cleaned, columns_of) for one in self.derived]

    def to_scale(self, ops: Ops[Any], cleaned: Mapping[str, Any], blocks: list[Block]) -> Block | None:
        """The numbers that are kept and those derived, side by side."""
        kept = [slot.name for slot in self.slots if slot.keep]
        derived = [block for block in blocks if block.scaled]
        names = kept + [name for block in derived for name in block.names]
        parts = [*[cleaned[name] for name in kept], *[block.columns for block in derived]]
        return Block(names, ops.concat(parts), scaled=True) if parts else None

    def _scaled(self, ops: Ops[Any], cleaned: Mapping[str, Any], blocks: list[Block]) -> Iterator[Block]:
        block = self.to_scale(ops, cleaned, blocks)
        if block is not None and self.scales is not None:
            yield Block(block.names, self.scales.run(ops, block.columns), scaled=True)

    def _indicators(self, ops: Ops[Any], corrected: Any) -> Iterator[Block]:
        places = [place for place, slot in enumerate(self.slots) if slot.missing.get("indicator")]
        if places:
            missing = ops.floats(ops.is_nan(ops.columns(self.numbers(ops, corrected), places)))
            yield Block([f"missing({self.slots[place].name})" for place in places], missing, scaled=False)

    def _categories(self, ops: Ops[Any], corrected: Any, texts: Any, crossed: Mapping[str, Any]) -> Iterator[Block]:
        for category in self.categories:
            if category.name in crossed:
                yield Block(category.names, crossed[category.name], scaled=False)
                continue
            source = texts if category.texts else corrected
            column = ops.columns(source, [self.layout.entry(category.name)["position"]])
            yield Block(category.names, category.run(ops, column), scaled=False)

    def _texts(self, ops: Ops[Any], texts: Any) -> Iterator[Block]:
        for weighted in self.weighted:
            column = ops.columns(texts, [self.layout.entry(weighted.name)["position"]])
            yield Block(weighted.names, weighted.run(ops, column), scaled=False)

    def _pictures(self, ops: Ops[Any], features: Any) -> Iterator[Block]:
        for entry in self.layout.entries:
            if entry["type"] == "image":
                start, width = entry["position"], columns.width(entry)
                names = [f"{entry['name']}[{pixel}]" for pixel in range(width)]
                yield Block(names, ops.span(features, start, start + width), scaled=False)
