"""A Dask cluster of processes gives what this machine gives; without one nothing of Dask is loaded."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from tests import factories
from workers.ingestion import profiles
from workers.ingestion.canonical import Rows
from workers.pipelines import recipes
from workers.pipelines.training import train
from workers.running import dask_pool

RECIPE = {**factories.RECIPE, "search": {"kind": "grid", "parameters": {"C": [0.1, 1.0]}}, "seed": 7}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "people.parquet"
    path.write_bytes(factories.parquet(400))
    return path


def quiet(share: float, message: str) -> None:
    """Nobody watches."""


def test_folds_on_a_cluster_give_the_same_model_to_the_bit(cluster: str, data: Path) -> None:
    import pyarrow.parquet as parquet

    recipe, table = recipes.validate(RECIPE), parquet.read_table(data)
    here = train.train(recipe, table, quiet)
    with dask_pool.each(cluster) as each:
        there = train.train(recipe, table, quiet, each=each)
    assert (there.onnx_digest, there.trials, there.metrics) == (here.onnx_digest, here.trials, here.metrics)


def test_profile_on_a_cluster_is_the_same(cluster: str, data: Path) -> None:
    here = profiles.profile(Rows(data))
    with dask_pool.each_column(cluster) as each:
        assert profiles.profile(Rows(data), each=each) == here


def test_pieces_come_back_in_their_order_and_an_error_is_raised_here(cluster: str) -> None:
    with dask_pool.each(cluster) as each:
        assert list(each(int, ["3", "1", "2"])) == [3, 1, 2]
        with pytest.raises(ValueError, match="invalid literal"):
            list(each(int, ["1", "x"]))


def test_without_a_cluster_nothing_of_dask_is_loaded() -> None:
    code = (
        "import sys; import workers.running.fits; from workers.running import dask_pool\n"
        "with dask_pool.each('') as each: assert each is map\n"
        "assert 'distributed' not in sys.modules, 'loaded'"
    )
    done: Any = subprocess.run([sys.executable, "-c", code], cwd=django_settings.BASE_DIR, check=False)
    assert done.returncode == 0
