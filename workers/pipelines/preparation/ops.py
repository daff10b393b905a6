"""One arithmetic, two ways to run it: on arrays while fitting, and as nodes of the exported graph.

A step of the preparation is written once against these operations, so what is trained and what is served cannot drift
apart. Every operation has the same result in both, to the bit: float32 where one rounding is made, float64 where
several are and the last one is to float32.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from onnx import TensorProto
from sklearn.feature_extraction.text import CountVectorizer

Array = np.ndarray[Any, Any]
# Runs of letters and digits. Ranges, not classes: what RE2 and Python call a letter differs from release to release.
TOKEN = "[0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\uffee]+"
PAD = "#"
Value = TypeVar("Value")


class Ops(Protocol[Value]):
    """What a step may do with columns [rows, k]; constants are arrays that broadcast."""

    def columns(self, value: Value, positions: Sequence[int]) -> Value: ...
    def span(self, value: Value, start: int, stop: int) -> Value: ...
    def concat(self, values: Sequence[Value]) -> Value: ...
    def is_nan(self, value: Value) -> Value: ...
    def where(self, test: Value, yes: Value | Array, no: Value | Array) -> Value: ...
    def less(self, left: Value | Array, right: Value | Array) -> Value: ...
    def equal(self, left: Value, right: Value | Array) -> Value: ...
    def both(self, left: Value, right: Value) -> Value: ...
    def negate(self, value: Value) -> Value: ...
    def add(self, left: Value, right: Value | Array) -> Value: ...
    def sub(self, left: Value | Array, right: Value | Array) -> Value: ...
    def mul(self, left: Value, right: Value | Array) -> Value: ...
    def div(self, left: Value, right: Value | Array) -> Value: ...
    def mod(self, left: Value, right: Array) -> Value: ...
    def floats(self, value: Value) -> Value: ...
    def doubles(self, value: Value) -> Value: ...
    def integers(self, value: Value) -> Value: ...
    def log(self, value: Value) -> Value: ...
    def sqrt(self, value: Value) -> Value: ...
    def sum(self, value: Value) -> Value: ...
    def take(self, table: Array, rows: Value) -> Value: ...
    def find(self, value: Value, keys: Sequence[Any], codes: Array, default: float) -> Value: ...
    def terms(self, value: Value, terms: Sequence[str]) -> Value: ...
    def words(self, value: Value) -> Value: ...


class Arrays:
    """The operations on arrays."""

    def columns(self, value: Array, positions: Sequence[int]) -> Array:
        return value[:, list(positions)]

    def span(self, value: Array, start: int, stop: int) -> Array:
        return value[:, start:stop]

    def concat(self, values: Sequence[Array]) -> Array:
        return np.concatenate(list(values), axis=1)

    def is_nan(self, value: Array) -> Array:
        return np.asarray(np.isnan(value))

    def where(self, test: Array, yes: Array, no: Array) -> Array:
        return np.where(test, yes, no)

    def less(self, left: Array, right: Array) -> Array:
        return np.asarray(left < right)

    def equal(self, left: Array, right: Array) -> Array:
        return np.asarray(left == right)

    def both(self, left: Array, right: Array) -> Array:
        return np.asarray(left & right)

    def negate(self, value: Array) -> Array:
        return ~value

    def add(self, left: Array, right: Array) -> Array:
        return np.asarray(left + right)

    def sub(self, left: Array, right: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(left - right)

    def mul(self, left: Array, right: Array) -> Array:
        # Too large becomes infinite, as in the graph; training refuses it by name.
        with np.errstate(over="ignore"):
            return np.asarray(left * right)

    def div(self, left: Array, right: Array) -> Array:
        """Whole numbers divide to whole ones; they are never negative here, so rounding down is rounding to zero."""
        with np.errstate(invalid="ignore"):
            return np.asarray(left // right if left.dtype == np.int64 else left / right)

    def mod(self, left: Array, right: Array) -> Array:
        return np.asarray(left % right)

    def floats(self, value: Array) -> Array:
        return value.astype(np.float32)

    def doubles(self, value: Array) -> Array:
        return value.astype(np.float64)

    def integers(self, value: Array) -> Array:
        return value.astype(np.int64)

    def log(self, value: Array) -> Array:
        return np.asarray(np.log(value))

    def sqrt(self, value: Array) -> Array:
        return np.asarray(np.sqrt(value))

    def sum(self, value: Array) -> Array:
        return np.asarray(value.sum(axis=1, keepdims=True))

    def take(self, table: Array, rows: Array) -> Array:
        """The rows of a table [rows, k] by a column of row numbers."""
        return table[rows[:, 0]]

    def find(self, value: Array, keys: Sequence[Any], codes: Array, default: float) -> Array:
        """Each key's code, float32, shape (rows, 1); the default for values that are no key."""
        known = dict(zip(keys, codes.tolist(), strict=True))
        levels, places = np.unique(value, return_inverse=True)
        found = np.array([known.get(level, default) for level in levels.tolist()], dtype=np.float32)
        return found[places].reshape(-1, 1)

    def terms(self, value: Array, terms: Sequence[str]) -> Array:
        """How often each term stands in each text, float32, shape (rows, terms)."""
        longest = max(term.count(" ") for term in terms) + 1
        counter = CountVectorizer(
            token_pattern=TOKEN, lowercase=False, ngram_range=(1, longest), vocabulary=list(terms), dtype=np.float32
        )
        return np.asarray(counter.transform(value[:, 0]).toarray())

    def words(self, value: Array) -> Array:
        """How many words each text has, float32, shape (rows, 1)."""
        counted = [len(re.findall(TOKEN, text)) for text in value[:, 0]]
        return np.array(counted, dtype=np.float32).reshape(-1, 1)


class Graph:
    """The operations as nodes of an ONNX graph that skl2onnx is building; values are names."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope, self._container = scope, container

    def columns(self, value: str, positions: Sequence[int]) -> str:
        return self._node("Gather", [value, self._constant(np.array(positions, dtype=np.int64))], axis=1)

    def span(self, value: str, start: int, stop: int) -> str:
        ends = [self._constant(np.array([place], dtype=np.int64)) for place in (start, stop, 1)]
        return self._node("Slice", [value, *ends])

    def concat(self, values: Sequence[str]) -> str:
        return self._node("Concat", list(values), axis=1) if len(values) > 1 else values[0]

    def is_nan(self, value: str) -> str:
        return self._node("IsNaN", [value])

    def where(self, test: str, yes: str | Array, no: str | Array) -> str:
        return self._node("Where", [test, yes, no])

    def less(self, left: str | Array, right: str | Array) -> str:
        return self._node("Less", [left, right])

    def equal(self, left: str, right: str | Array) -> str:
        return self._node("Equal", [left, right])

    def both(self, left: str, right: str) -> str:
        return self._node("And", [left, right])

    def negate(self, value: str) -> str:
        return self._node("Not", [value])

    def add(self, left: str, right: str | Array) -> str:
        return self._node("Add", [left, right])

    def sub(self, left: str | Array, right: str | Array) -> str:
        return self._node("Sub", [left, right])

    def mul(self, left: str, right: str | Array) -> str:
        return self._node("Mul", [left, right])

    def div(self, left: str, right: str | Array) -> str:
        return self._node("Div", [left, right])

    def mod(self, left: str, right: Array) -> str:
        return self._node("Mod", [left, right])

    def floats(self, value: str) -> str:
        return self._node("Cast", [value], to=TensorProto.FLOAT)

    def doubles(self, value: str) -> str:
        return self._node("Cast", [value], to=TensorProto.DOUBLE)

    def integers(self, value: str) -> str:
        return self._node("Cast", [value], to=TensorProto.INT64)

    def log(self, value: str) -> str:
        return self._node("Log", [value])

    def sqrt(self, value: str) -> str:
        return self._node("Sqrt", [value])

    def sum(self, value: str) -> str:
        return self._node("ReduceSum", [value, self._constant(np.array([1], dtype=np.int64))], keepdims=1)

    def take(self, table: Array, rows: str) -> str:
        flat = self._node("Reshape", [rows, self._constant(np.array([-1], dtype=np.int64))])
        return self._node("Gather", [table, flat], axis=0)

    def find(self, value: str, keys: Sequence[Any], codes: Array, default: float) -> str:
        kind = "keys_strings" if isinstance(keys[0], str) else "keys_floats"
        listed = {kind: list(keys), "values_floats": [float(code) for code in codes], "default_float": float(default)}
        return self._node("LabelEncoder", [value], domain="ai.onnx.ml", version=2, **listed)

    def terms(self, value: str, terms: Sequence[str]) -> str:
        parts = [term.split(" ") for term in terms]
        longest = max(len(part) for part in parts)
        # The pool holds all single words, then all pairs; `ngram_indexes` leads back to our order.
        order = sorted(range(len(parts)), key=lambda place: (len(parts[place]), place))
        singles = sum(len(part) == 1 for part in parts)
        return self._node(
            "TfIdfVectorizer",
            [self._tokens(value)],
            mode="TF",
            min_gram_length=1,
            max_gram_length=longest,
            max_skip_count=0,
            ngram_counts=[0, singles][:longest],
            ngram_indexes=order,
            pool_strings=[word for place in order for word in parts[place]],
        )

    def words(self, value: str) -> str:
        listed = {"keys_strings": [PAD], "values_floats": [0.0], "default_float": 1.0}
        return self.sum(self._node("LabelEncoder", [self._tokens(value)], domain="ai.onnx.ml", version=2, **listed))

    def identity(self, value: str, name: str) -> None:
        """Give the value the name that the converter was promised."""
        self._container.add_node("Identity", [value], [name], name=self._scope.get_unique_operator_name("Identity"))

    def _tokens(self, value: str) -> str:
        flat = self._node("Reshape", [value, self._constant(np.array([-1], dtype=np.int64))])
        rule = {"mark": 0, "mincharnum": 1, "pad_value": PAD, "tokenexp": TOKEN}
        return self._node("Tokenizer", [flat], domain="com.microsoft", version=1, **rule)

    def _node(
        self, kind: str, operands: Sequence[str | Array], *, domain: str = "", version: int | None = None, **rest: Any
    ) -> str:
        names = [one if isinstance(one, str) else self._constant(one) for one in operands]
        output = str(self._scope.get_unique_variable_name(kind.lower()))
        unique = self._scope.get_unique_operator_name(kind)
        self._container.add_node(kind, names, [output], op_domain=domain, op_version=version, name=unique, **rest)
        return output

    def _constant(self, value: Array) -> str:
        name = str(self._scope.get_unique_variable_name("constant"))
        kind = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}
        self._container.add_initializer(name, kind[value.dtype.name], value.shape, value.ravel().tolist())
        return name
