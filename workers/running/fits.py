"""What a process of its own does about a run: fit it, help with its trials, or do it again. No Django here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from workers.pipelines import environment, recipes, reproduction
from workers.pipelines.recipes import Recipe
from workers.pipelines.training import train
from workers.pipelines.training.trained import Trained
from workers.pipelines.trials import TrialResult
from workers.running import dask_pool
from workers.running.child import Parent


@dataclass(frozen=True, slots=True)
class Rows:
    """The trials of a run as the parent keeps them: a TrialStore over the pipe."""

    parent: Parent

    def done(self) -> list[TrialResult]:
        found: list[TrialResult] = self.parent.ask("done")
        return found

    def claim(self, number: int, estimator: str, parameters: Mapping[str, Any]) -> bool:
        return bool(self.parent.ask("claim", number, estimator, parameters))

    def report(self, number: int, step: int, value: float) -> bool:
        return bool(self.parent.ask("report", number, step, value))

    def finish(self, number: int, result: TrialResult) -> None:
        self.parent.ask("finish", number, result)

    def wait(self) -> bool:
        return bool(self.parent.ask("wait"))


def fit(parent: Parent, *, recipe: dict[str, Any], data: Path, dask: str = "") -> dict[str, Any]:
    """The recipe's model as plain values, its trials shared with whoever helps."""
    read, table = recipes.validate(recipe), _table(data)
    with dask_pool.each(dask) as each:
        trained = train.train(read, table, _progress(parent), trials=Rows(parent), each=each)
    return _plain(trained, read)


def help_with(parent: Parent, *, recipe: dict[str, Any], data: Path) -> None:
    """Take trials of a run that another worker has, until none is left to take."""
    train.help(recipes.validate(recipe), _table(data), _progress(parent), trials=Rows(parent))


def again(parent: Parent, *, recipe: dict[str, Any], data: Path, model: Path | None) -> dict[str, Any]:
    """The recipe's model fitted from nothing, and how its answers compare with those of the first one."""
    read, table = recipes.validate(recipe), _table(data)
    trained = train.train(read, table, _progress(parent))
    first = model.read_bytes() if model else None
    answers = reproduction.answers(first, trained, table) if first else None
    return {**_plain(trained, read), "answers": answers}


def _plain(trained: Trained, recipe: Recipe) -> dict[str, Any]:
    """Everything but the fitted object itself, and what it depended on."""
    values = {field.name: getattr(trained, field.name) for field in fields(trained) if field.name != "pipeline"}
    about = {
        "document": recipe.document,
        "code_digest": environment.code_digest(),
        "environment": environment.describe(),
    }
    return {**values, **about}


def _progress(parent: Parent) -> Callable[[float, str], None]:
    def progress(share: float, message: str) -> None:
        parent.ask("progress", share, message)

    return progress


def _table(path: Path) -> pa.Table:
    return parquet.read_table(path, memory_map=False)
