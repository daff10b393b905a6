"""How every kernel is compiled: without the interpreter lock, and cached on disk where a writable place exists."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return `function` as a nogil numba kernel that keeps its signature.

    The machine code is cached in NUMBA_CACHE_DIR, else beside the source, else in the user's cache directory. numba
    refuses at import when none of the three is writable (a read-only image); then each process compiles for itself.
    """
    return _compile(function)


def summing(function: Function) -> Function:
    """The same for a kernel of finite numbers whose sums may be taken in any order, as vector units take them."""
    return _compile(function, fastmath={"reassoc", "nsz", "contract"})


def warm() -> None:
    """Compile every kernel, or load it from the cache, so that no job waits for it: a worker's start, an image's build.

    Each module of kernels says with its own `warm` what its callers will ask for.
    """
    package = importlib.import_module("monitoring.kernels")
    for found in pkgutil.walk_packages(package.__path__, "monitoring.kernels."):
        module = importlib.import_module(found.name)
        if found.name != __name__ and hasattr(module, "warm"):
            module.warm()


def _compile(function: Function, **options: Any) -> Function:
    try:
        return cast(Function, njit(nogil=True, cache=True, **options)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast(Function, njit(nogil=True, **options)(function))
