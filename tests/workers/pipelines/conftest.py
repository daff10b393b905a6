"""The census of 2015, and one model trained on it for the tests that only look at it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from workers.ingestion import files
from workers.pipelines import recipes
from workers.pipelines.recipes import Recipe
from workers.pipelines.training import train
from workers.pipelines.training.trained import Trained

CENSUS = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"


@pytest.fixture(scope="session")
def census() -> pa.Table:
    table = files.read(CENSUS)
    return table.filter(pc.equal(table["year"], 2015))


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """A recipe as a user writes it: nothing but what has no default."""
    categories = ["SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM"]
    return {
        "task": "binary_classification",
        "label": "employed",
        "features": {"AGEP": "numeric", **dict.fromkeys(categories, "categorical")},
        "estimator": {"name": "logistic_regression"},
    }


@pytest.fixture(scope="session")
def recipe(document: dict[str, Any]) -> Recipe:
    return recipes.validate(document | {"seed": 7})


@pytest.fixture(scope="session")
def trained(recipe: Recipe, census: pa.Table) -> Trained:
    return train.train(recipe, census, lambda share, step: None)
