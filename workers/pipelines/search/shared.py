"""What every trial of a search shares."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from workers.pipelines.preparation import Layout
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample

Progress = Callable[[float, str], None]
Report = Callable[[int, int, float], bool]
# The built-in `map`, or one that sends each piece to another machine; results come lazily and in order.
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class Fitting:
    """The recipe, where its features stand, and the training rows: all that a fit depends on besides its parameters."""

    recipe: Recipe
    layout: Layout
    sample: Sample


def unreported(number: int, step: int, value: float) -> bool:
    """Nobody asks."""
    return False
