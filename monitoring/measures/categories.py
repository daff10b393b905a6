"""Categories as codes: the one place where a value becomes the name of its level."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MISSING = -1


def factorise(values: ArrayLike) -> tuple[list[str], NDArray[np.int64]]:
    """Return the level names in use, ascending within a kind of value, and each value's int64 code.

    None, NaN and NaT are MISSING. Whole floats are named like integers ("2", not "2.0"), because a column of integers
    becomes one of floats as soon as one of its values is missing.
    """
    array = np.asarray(values)
    if array.dtype.kind in "OT":
        return _factorise_objects(array.tolist())
    missing = array != array
    unique, inverse = np.unique(array[~missing], return_inverse=True)
    codes = np.full(array.size, MISSING)
    codes[~missing] = inverse
    return [_name(value) for value in unique.tolist()], codes


def _factorise_objects(values: list[object]) -> tuple[list[str], NDArray[np.int64]]:
    seen: dict[object, int] = {}
    places = (seen.setdefault(value, len(seen)) if _is_present(value) else MISSING for value in values)
    first = np.fromiter(places, np.int64, len(values))
    named = [_name(value) for value in seen]
    levels = sorted(set(named))
    position = {level: code for code, level in enumerate(levels)}
    # One more place at the end, so that MISSING (-1) finds itself.
    return levels, np.array([*(position[name] for name in named), MISSING], np.int64)[first]


def _is_present(value: object) -> bool:
    # NaN and NaT differ from themselves; pandas.NA answers even that question with NA, so it goes by its name.
    return value is not None and type(value).__name__ != "NAType" and bool(value == value)


def _name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
