"""How every kernel is compiled: without the interpreter lock, and cached on disk where a writable place exists."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return `function` as a nogil numba kernel that keeps its signature.

    The machine code is cached in NUMBA_CACHE_DIR, else beside the source, else in the user's cache directory. numba
    refuses at import when none of the three is writable (a read-only image); then each process compiles for itself.
    """
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast(Function, njit(nogil=True)(function))
