"""Categories as codes: the one place where a value becomes the name of its level."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MISSING = -1
# Whole numbers closer together than this find their codes in a table; others are sorted.
TABLE = 1 << 16
EXACT = 2.0**53  # where floats still tell neighbouring integers apart


def factorise(values: ArrayLike) -> tuple[list[str], NDArray[np.int64]]:
    """Return the level names in use, ascending within a kind of value, and each value's int64 code.

    None, NaN and NaT are MISSING. Whole floats are named like integers ("2", not "2.0"), because a column of integers
    becomes one of floats as soon as one of its values is missing. A data frame's column of strings (anything with
    pandas' `factorize`) is coded by its own hash table.
    """
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if kind == "O" and hasattr(values, "factorize"):
        codes, found = values.factorize()
        return _named(list(found), np.asarray(codes, np.int64))
    array = np.asarray(values)
    if array.dtype.kind in "OTUS":
        return _factorise_objects(array.tolist())
    missing = array != array
    unique, codes = _sorted(array[~missing]) if missing.any() else _sorted(array)
    if missing.any():
        placed = np.full(array.size, MISSING)
        placed[~missing] = codes
        codes = placed
    return [_name(value) for value in unique.tolist()], codes


def _sorted(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct values, ascending, and each value's place among them."""
    if not _are_whole_and_near(array):
        unique, inverse = np.unique(array, return_inverse=True)
        return unique, inverse.astype(np.int64)
    least = int(array.min())
    steps = array.astype(np.int64) - least
    used = np.bincount(steps) > 0
    return np.flatnonzero(used) + least, (np.cumsum(used) - 1)[steps]


def _are_whole_and_near(array: NDArray[Any]) -> bool:
    if array.size == 0 or array.dtype.kind not in "iuf":
        return False
    least, most = float(array.min()), float(array.max())
    near = least > -EXACT and most < EXACT and most - least < TABLE
    return near and (array.dtype.kind != "f" or bool((array == np.floor(array)).all()))


def _factorise_objects(values: list[object]) -> tuple[list[str], NDArray[np.int64]]:
    seen = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return _named(list(seen), np.fromiter(map(seen.__getitem__, values), np.int64, len(values)))


def _named(found: list[object], codes: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """The levels of the values found, by name, and the codes moved to them."""
    names = [_name(value) if _is_present(value) else None for value in found]
    levels = sorted({name for name in names if name is not None})
    position: dict[str | None, int] = {level: code for code, level in enumerate(levels)} | {None: MISSING}
    # One more place at the end, so that MISSING (-1) finds itself.
    return levels, np.array([*(position[name] for name in names), MISSING], np.int64)[codes]


def _is_present(value: object) -> bool:
    # NaN and NaT differ from themselves; pandas.NA answers even that question with NA, so it goes by its name.
    return value is not None and type(value).__name__ != "NAType" and bool(value == value)


def _name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
