"""Categories made numbers: rare levels grouped, then one column a level, a rank, or the mean of the label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from workers.pipelines.preparation.ops import Array, Ops
from workers.pipelines.preparation.version1 import MISSING_LEVEL

MISSING_TEXT = ""
UNKNOWN = -1
REGRESSION = "regression"


@dataclass
class Category:
    """One fitted category: the keys it knows and their codes 0.., the names of the codes, and how codes are encoded."""

    name: str
    texts: bool
    keys: list[Any]
    codes: Array
    levels: list[str]
    unknown: int
    kind: str
    means: Array | None = None
    rare: tuple[Any, ...] = ()

    def run(self, ops: Ops[Any], column: Any) -> Any:
        return self.encode(ops, self.coded(ops, column))

    def coded(self, ops: Ops[Any], column: Any) -> Any:
        """The code of each row's level, a whole number in float32."""
        if not self.texts:
            column = ops.where(ops.is_nan(column), np.array([MISSING_LEVEL], dtype=np.float32), column)
        return ops.find(column, self.keys, self.codes, self.unknown)

    def encode(self, ops: Ops[Any], codes: Any) -> Any:
        if self.kind == "ordinal":
            return codes
        if self.kind == "one_hot":
            levels = np.arange(len(self.levels), dtype=np.float32).reshape(1, -1)
            return ops.floats(ops.equal(codes, levels))
        assert self.means is not None
        return ops.take(self.means, ops.integers(ops.add(codes, np.array([1], dtype=np.float32))))

    @property
    def names(self) -> list[str]:
        """The columns it makes."""
        if self.kind == "one_hot":
            return [f"{self.name}={level}" for level in self.levels]
        width = 1 if self.means is None else self.means.shape[1]
        return [f"{self.kind}({self.name})" + (f"[{i}]" if width > 1 else "") for i in range(width)]


def fit(name: str, column: Array, options: Mapping[str, Any], replaced: Mapping[str, str]) -> Category:
    """The levels of the rows given; `replaced` are the corrections of a text, those of numbers are made before."""
    texts = column.dtype == object
    missing = MISSING_TEXT if texts else MISSING_LEVEL
    values = _replaced(column, replaced) if texts else np.where(np.isnan(column), np.float32(MISSING_LEVEL), column)
    levels, counts = np.unique(values.ravel(), return_counts=True)
    seen = dict(zip(levels.tolist(), counts.tolist(), strict=True))
    alias = _alias(options["missing"], seen, missing, texts)
    codes, names, rare = _coded(seen, options, missing, alias)
    if texts:
        codes |= {key: codes[to] for key, to in replaced.items() if to in codes}
        codes = {key: code for key, code in codes.items() if key not in replaced or replaced[key] in codes}
    unknown = codes[rare[0]] if rare and options["encoding"]["unknown"] == "rare" else UNKNOWN
    ordered = sorted(codes)
    return Category(
        name=name,
        texts=texts,
        keys=ordered,
        codes=np.array([codes[key] for key in ordered], dtype=np.float32),
        levels=names,
        unknown=unknown,
        kind=options["encoding"]["kind"],
        rare=tuple(rare),
    )


def fit_means(
    category: Category, codes: Array, labels: Array, options: Mapping[str, Any], *, task: str, seed: int
) -> Array:
    """Learn the label's mean by level (scikit-learn's TargetEncoder) and give the rows fitted on their own columns.

    Those columns come from the other folds: no row is encoded with its own label in it.
    """
    folds: KFold | StratifiedKFold
    if task == REGRESSION:
        folds = KFold(options["encoding"]["folds"], shuffle=True, random_state=seed)
    else:
        folds = StratifiedKFold(options["encoding"]["folds"], shuffle=True, random_state=seed)
    encoder = TargetEncoder(
        categories=[np.arange(len(category.levels), dtype=np.float64)],
        target_type="continuous" if task == REGRESSION else "binary" if np.unique(labels).size == 2 else "multiclass",
        smooth=options["encoding"]["smooth"],
        cv=folds,
    )
    crossed = encoder.fit_transform(codes.astype(np.float64), labels)
    # Row 0 is for the unknown, whose code is -1.
    pairs = zip(np.atleast_1d(encoder.target_mean_), encoder.encodings_, strict=True)
    means = np.column_stack([np.r_[mean, of] for mean, of in pairs])
    category.means = means.astype(np.float32)
    return np.asarray(crossed, dtype=np.float32)


def _replaced(column: Array, replaced: Mapping[str, str]) -> Array:
    if not replaced:
        return column
    return np.array([replaced.get(value, value) for value in column.ravel()], dtype=object)


def _alias(missing: Mapping[str, Any], seen: Mapping[Any, int], level: Any, texts: bool) -> Any:
    """The level that a missing value counts as; itself where missing is a level of its own."""
    if missing["strategy"] == "constant":
        return str(missing["value"]) if texts else float(np.float32(missing["value"]))
    present = {key: count for key, count in seen.items() if key != level}
    if missing["strategy"] == "most_frequent" and present:
        return max(sorted(present), key=lambda key: present[key])
    return level


def _coded(
    seen: Mapping[Any, int], options: Mapping[str, Any], missing: Any, alias: Any
) -> tuple[dict[Any, int], list[str], list[Any]]:
    """The code of each key, the name of each code, and the keys grouped as rare."""
    counts = dict(seen)
    if alias != missing:
        counts[alias] = counts.get(alias, 0) + counts.pop(missing, 0)
    rare = _rare(counts, options["rare"], missing)
    order = options["encoding"].get("order")
    kept = [key for key in _ordered(counts, order, missing) if key not in rare]
    codes = {key: code for code, key in enumerate(kept)}
    names = ["missing" if key == missing else _shown(key) for key in kept]
    if rare:
        codes |= dict.fromkeys(rare, len(kept))
        names.append("rare")
    if alias != missing and alias in codes:
        codes[missing] = codes[alias]
    return codes, names, rare


def _ordered(counts: Mapping[Any, int], order: Sequence[Any] | None, missing: Any) -> list[Any]:
    if order is None:
        return sorted(counts)
    declared = [str(one) if isinstance(missing, str) else float(one) for one in order]
    return declared + ([missing] if missing in counts else [])


def _rare(counts: Mapping[Any, int], rule: Mapping[str, Any] | None, missing: Any) -> list[Any]:
    if rule is None:
        return []
    least = rule.get("below_rows", rule.get("below_share", 0) * sum(counts.values()))
    return sorted(key for key, count in counts.items() if count < least and key != missing)


def _shown(key: Any) -> str:
    return key if isinstance(key, str) else f"{key:g}"
