"""Documents whose grammar belongs to a higher floor: the checker registers itself here, and views only ask."""

from collections.abc import Callable
from typing import Any

from registry.errors import Invalid, Problem

Checker = Callable[[Any], list[Problem]]
_checkers: dict[str, Checker] = {}


def register(kind: str, checker: Checker) -> None:
    """Called once, at start, by the application that knows the grammar."""
    _checkers[kind] = checker


def check(kind: str, document: Any) -> None:
    """Read a contract or a recipe. Raises Invalid with every problem in it."""
    problems = _checkers[kind](document)
    if problems:
        raise Invalid(f"The {kind} cannot be used.", problems=problems)
