"""A training recipe as data: its grammar, and the recipe that was read."""

from workers.pipelines.recipes.reading import validate
from workers.pipelines.recipes.recipe import Algorithm, Recipe
from workers.pipelines.recipes.schema import SCHEMA

__all__ = ["SCHEMA", "Algorithm", "Recipe", "validate"]
