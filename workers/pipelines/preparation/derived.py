"""Declared features of other features, on the cleaned numbers; bins learn their edges from the rows fitted on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from workers.pipelines.preparation import calendar
from workers.pipelines.preparation.ops import Array, Ops

ONE = np.array([1], dtype=np.float64)
ZERO = np.array([0], dtype=np.float64)


@dataclass
class Block:
    """Columns that a derivation makes: their names, the columns, and whether they are scaled like numbers."""

    names: list[str]
    columns: Any
    scaled: bool


@dataclass
class Derived:
    """One entry of the recipe's `derived`; `edges` where it has bins."""

    document: Mapping[str, Any]
    edges: list[float] = field(default_factory=list)

    @classmethod
    def fit(cls, document: Mapping[str, Any], cleaned: Mapping[str, Array]) -> "Derived":
        edges = _edges(document, cleaned[document["of"]]) if document["kind"] == "bins" else []
        return cls(document, edges)

    def run(self, ops: Ops[Any], cleaned: Mapping[str, Any], texts: Mapping[str, Any]) -> Block:
        """`cleaned` holds a column by name; a timestamp `at` is there as `at` (days) and `at.seconds`."""
        kind = self.document["kind"]
        if kind == "words":
            name = self.document["of"]
            return Block([f"words({name})"], ops.words(texts[name]), scaled=True)
        if kind == "bins":
            return self._bins(ops, cleaned[self.document["of"]])
        return KINDS[kind](ops, self.document, cleaned)

    def _bins(self, ops: Ops[Any], column: Any) -> Block:
        name = self.document["of"]
        below = ops.less(column, np.array([self.edges], dtype=np.float32))
        place = ops.sub(np.array([len(self.edges)], dtype=np.float32), ops.sum(ops.floats(below)))
        if self.document.get("encoding", "number") == "number":
            return Block([f"bin({name})"], place, scaled=False)
        count = len(self.edges) + 1
        levels = np.arange(count, dtype=np.float32).reshape(1, -1)
        return Block([f"bin({name})={i}" for i in range(count)], ops.floats(ops.equal(place, levels)), scaled=False)


def _edges(document: Mapping[str, Any], column: Array) -> list[float]:
    if document["cut"] == "edges":
        return [float(edge) for edge in document["edges"]]
    shares = np.linspace(0, 1, document["count"] + 1)[1:-1]
    values = column.astype(np.float64)
    if document["cut"] == "quantiles":
        cut = np.quantile(values, shares)
    else:
        cut = values.min() + shares * (values.max() - values.min())
    return [float(edge) for edge in np.unique(cut.astype(np.float32))]


def _date_parts(ops: Ops[Any], document: Mapping[str, Any], cleaned: Mapping[str, Any]) -> Block:
    name, encoding = document["of"], document.get("encoding", "number")
    found = calendar.parts(ops, cleaned[name], cleaned.get(f"{name}.seconds"))
    names, columns = [], []
    for part in document["parts"]:
        if encoding == "number":
            names.append(f"{part}({name})")
            columns.append(ops.floats(found[part]))
        else:
            table = calendar.table(part, encoding)
            low = calendar.RANGES[part][0]
            ends = ("sin", "cos") if encoding == "cyclic" else range(low, low + len(table))
            names += [f"{part}({name})={end}" for end in ends]
            columns.append(ops.take(table, ops.sub(found[part], np.array([low], dtype=np.int64))))
    return Block(names, ops.concat(columns), scaled=encoding == "number")


def _days_between(ops: Ops[Any], document: Mapping[str, Any], cleaned: Mapping[str, Any]) -> Block:
    start, end = document["from"], document["to"]
    return Block([f"days({start}, {end})"], ops.sub(cleaned[end], cleaned[start]), scaled=True)


def _products(ops: Ops[Any], pairs: Sequence[tuple[str, str]], cleaned: Mapping[str, Any]) -> Block:
    names = [f"{one}*{other}" for one, other in pairs]
    return Block(names, ops.concat([ops.mul(cleaned[one], cleaned[other]) for one, other in pairs]), scaled=True)


def _product(ops: Ops[Any], document: Mapping[str, Any], cleaned: Mapping[str, Any]) -> Block:
    one, other = document["of"]
    return _products(ops, [(one, other)], cleaned)


def _polynomial(ops: Ops[Any], document: Mapping[str, Any], cleaned: Mapping[str, Any]) -> Block:
    return _products(ops, list(combinations_with_replacement(document["of"], 2)), cleaned)


def _log1p(ops: Ops[Any], document: Mapping[str, Any], cleaned: Mapping[str, Any]) -> Block:
    """log(1 + x), and -log(1 - x) below zero, so that every number has one."""
    columns = []
    for name in document["of"]:
        value = ops.doubles(cleaned[name])
        negative = ops.less(value, ZERO)
        logarithm = ops.log(ops.add(ops.where(negative, ops.sub(ZERO, value), value), ONE))
        columns.append(ops.floats(ops.where(negative, ops.sub(ZERO, logarithm), logarithm)))
    return Block([f"log1p({name})" for name in document["of"]], ops.concat(columns), scaled=True)


Run = Callable[[Ops[Any], Mapping[str, Any], Mapping[str, Any]], Block]
KINDS: dict[str, Run] = {
    "date_parts": _date_parts,
    "days_between": _days_between,
    "product": _product,
    "polynomial": _polynomial,
    "log1p": _log1p,
}
