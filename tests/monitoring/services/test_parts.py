"""Profiles of data that are read part by part: the same however the rows are divided, and near those of the whole."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from monitoring.measures import drift, profiles
from monitoring.services import columns, parts
from workers.running import dask_pool

SCHEMA = [{"name": "age", "type": "numeric"}, {"name": "job", "type": "categorical"}, {"name": "note", "type": "text"}]
ROWS = 30_000


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if little fitted into memory."""
    monkeypatch.setattr(parts, "AT_ONCE", 1_000)
    monkeypatch.setattr(parts, "FRAMING", 20_000)


def table() -> pa.Table:
    random = np.random.default_rng(2)
    age = random.normal(40, 10, ROWS)
    age[::50] = np.nan
    jobs = np.array(["cook", "smith", "baker", None], dtype=object)[random.choice(4, ROWS, p=[0.5, 0.3, 0.15, 0.05])]
    return pa.table({"age": age, "job": jobs, "note": ["-"] * ROWS})


def written(folder: Path, *, rows_a_part: int) -> Path:
    path = folder / f"{rows_a_part}.parquet"
    parquet.write_table(table(), path, row_group_size=rows_a_part)
    return path


def window(*, older: float = 0.0) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    found = columns.of_table(table().slice(0, 3_000), SCHEMA)
    return {**found, "age": found["age"] + older}


def test_parts_add_up_to_the_counts_of_the_whole(tmp_path: Path, large: None) -> None:
    found = parts.profile(written(tmp_path, rows_a_part=4_000), SCHEMA)
    whole = profiles.count(found.frames, columns.of_table(table(), SCHEMA))
    assert profiles.to_bytes(found) == profiles.to_bytes(profiles.finish(found.frames, whole))


def test_small_data_are_profiled_as_a_whole(tmp_path: Path) -> None:
    found = parts.profile(written(tmp_path, rows_a_part=4_000), SCHEMA)
    made = profiles.make(columns.of_table(table(), SCHEMA), columns.kinds(SCHEMA))
    assert profiles.to_bytes(found) == profiles.to_bytes(made)


def test_verdicts_are_those_of_the_whole(tmp_path: Path, large: None) -> None:
    found = parts.profile(written(tmp_path, rows_a_part=4_000), SCHEMA)
    assert drift.drift(found, window()).verdict == "quiet"
    report = drift.drift(found, window(older=8.0))
    assert [one.column.name for one in report.columns if one.drifted] == ["age"]


def test_cluster_gives_the_same_bytes(tmp_path: Path, large: None, cluster: str) -> None:
    path = written(tmp_path, rows_a_part=10_000)
    here = parts.profile(path, SCHEMA)
    with dask_pool.each(cluster) as each:
        there = parts.profile(path, SCHEMA, each)
    assert profiles.to_bytes(there) == profiles.to_bytes(here)
