"""Rows as data scientists hold them, as JSON and as files."""

import json
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_client import Unusable, frames, parcels


def test_dicts_of_a_frame_are_json_values() -> None:
    frame = pd.DataFrame({"a": [1.5, None], "b": pd.Series([1, pd.NA], dtype="Int64"), "c": ["x", None]})
    assert frames.dicts(frame) == [{"a": 1.5, "b": 1, "c": "x"}, {"a": None, "b": None, "c": None}]


def test_dicts_of_a_table_and_of_rows_are_alike() -> None:
    row = {"on": date(2026, 1, 2), "n": np.int64(3), "image": b"\x00\xff", "none": float("nan")}
    expected = [{"on": "2026-01-02", "n": 3, "image": "AP8=", "none": None}]
    assert frames.dicts(row) == frames.dicts([row]) == expected
    assert frames.dicts(pa.table({"n": [3]})) == [{"n": 3}]
    assert frames.dicts({"at": pd.NaT}) == [{"at": None}]


@pytest.mark.parametrize("rows", [7, [1, 2], {"a": object()}])
def test_what_holds_no_rows_is_refused(rows: object) -> None:
    with pytest.raises(Unusable):
        frames.dicts(rows)


def test_frame_is_delivered_as_parquet_without_its_index() -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 9])
    with parcels.opened(frame, name="people") as parcel:
        table = pyarrow.parquet.read_table(parcel.file)
    assert (parcel.name, parcel.format, table.to_pylist()) == ("people.parquet", "parquet", [{"a": 1}, {"a": 2}])


def test_dicts_are_delivered_as_json_lines() -> None:
    with parcels.opened([{"a": 1}, {"a": None}], name="people") as parcel:
        assert [json.loads(line) for line in parcel.file] == [{"a": 1}, {"a": None}]


def test_folder_is_delivered_as_the_same_archive_each_time(tmp_path: Path) -> None:
    for name in ("b/1.png", "a/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(name.encode())
    sent = []
    for _ in range(2):
        with parcels.opened(tmp_path, name="digits") as parcel:
            sent.append(parcel.file.read())
            assert zipfile.ZipFile(parcel.file).namelist() == ["a/2.png", "b/1.png"]
    assert (parcel.format, sent[0] == sent[1], parcel.size_bytes) == ("images", True, len(sent[0]))


def test_file_without_a_known_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="does not say its format"), parcels.opened(tmp_path / "rows.dat", name="a"):
        pass
    with pytest.raises(Unusable, match="No such file"), parcels.opened(tmp_path / "rows.csv", name="a"):
        pass
