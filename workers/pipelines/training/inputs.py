"""A table made ready for the trials of a recipe: its rows, its labels, and which of them are held out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from workers.pipelines import labels, matrices, preparation, sample
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.fitting import folds
from workers.pipelines.labels import Class
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample
from workers.pipelines.search import Fitting

Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """A table made ready for any trial of a recipe: its training rows, and which rows are held out."""

    shared: Fitting
    whole: Sample
    classes: list[Class] | None
    train_index: Rows
    holdout_index: Rows


def of(recipe: Recipe, table: pa.Table) -> Inputs:
    """The table as the recipe's trials need it; raises TrainingRefused where it cannot be trained on."""
    classes = labels.classes_of(recipe, table)
    answers = labels.labels_of(recipe, table, classes)
    beside = sample.beside(recipe, table)
    _refuse_few(recipe, answers, classes)
    layout = preparation.bind(recipe.plan, table)
    rows = matrices.inputs(table, layout.entries).rows
    preparation.refuse_unusable(layout, rows)
    whole = Sample(rows, answers, **beside)
    train_index, holdout_index = folds.holdout(recipe, whole)
    return Inputs(Fitting(recipe, layout, whole.take(train_index)), whole, classes, train_index, holdout_index)


def holdout_rows(recipe: Recipe, table: pa.Table) -> Rows:
    """The numbers of the rows that a run on this table held out, found again from the recipe, sorted."""
    whole = Sample(np.empty((table.num_rows, 0)), labels.labels_of(recipe, table), **sample.beside(recipe, table))
    return folds.holdout(recipe, whole)[1]


def _refuse_few(recipe: Recipe, answers: Any, classes: list[Class] | None) -> None:
    share, count = recipe.holdout["share"], recipe.cross_validation["folds"]
    if classes is None:
        if len(answers) * min(share, (1 - share) / count) < 1:
            raise TrainingRefused(
                f"The data has {len(answers)} rows: too few for {count} folds and a holdout.", "Bring more."
            )
        return
    counts = np.bincount(answers, minlength=len(classes))
    fewest = int(counts.min())
    # Each fold and the holdout must see every class.
    if fewest * min(share, (1 - share) / count) < 1:
        which = f"rarer class of {recipe.label!r}" if recipe.binary else f"class {classes[int(counts.argmin())]!r}"
        raise TrainingRefused(
            f"The {which} has {fewest} rows: too few for {count} folds and a holdout.",
            "Bring more rows of that class, or use fewer folds.",
        )
