"""The canonical file: row groups by the rule, the same bytes in whatever batches rows come, types as Arrow infers."""

import hashlib
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from workers.ingestion import canonical, errors, files
from workers.ingestion.canonical import Rows
from workers.ingestion.formats import delimited

WORDS = "1 0 true False TRUE 2020-01-01 2020-01-01T10:00:00 1.5 1e5 inf nan NA x -3 0x1F".split()  # noqa: SIM905
WORDS += [
    "2020-01-01T10:00:00Z",
    "",
    '"1"',
    " 1",
    "1 ",
    '"a, b"',
    '"a\nb"',
    "2020-01-01 10:00:00.5",
    "99999999999999999999",
]


def digest(path: Path, table: pa.Table, batch_rows: int, group_bytes: int = canonical.ROW_GROUP_BYTES) -> str:
    writer = canonical.Writer(path, table.schema, group_bytes=group_bytes)
    for batch in table.to_batches(batch_rows):
        writer.write(batch)
    writer.close()
    return Rows(path).digest()


def groups(path: Path) -> list[int]:
    metadata = pyarrow.parquet.read_metadata(path)
    return [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]


def test_batches_of_any_size_give_the_same_file(tmp_path: Path) -> None:
    table = pa.table({"n": range(70_000), "text": [hashlib.md5(str(n).encode()).hexdigest() for n in range(70_000)]})
    assert len({digest(tmp_path / "rows", table, size) for size in (999, 65_536, 70_000)}) == 1
    assert groups(tmp_path / "rows") == [65_536, 4_464]


def test_wide_rows_close_a_group_at_the_step_that_reaches_the_bytes(tmp_path: Path) -> None:
    table = pa.table({"text": ["x" * 1_000] * 5_000})
    assert len({digest(tmp_path / "rows", table, size, 2_000_000) for size in (7, 1_024, 5_000)}) == 1
    assert groups(tmp_path / "rows") == [2_048, 2_048, 904]


def test_digest_of_the_census_is_pinned() -> None:
    census = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"
    assert files.digest(files.canonicalise(files.read(census))) == PINNED


PINNED = "de3c918677c2224651a4dc3af175583fba66d52cf6034dcdb70a42f999d3a28a"


@pytest.mark.parametrize("seed", range(60))
def test_types_found_batch_by_batch_are_those_of_the_whole_file(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 256)
    chosen = random.Random(seed)
    words = chosen.sample(WORDS, 3)
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{chosen.choice(words)},1\n" for _ in range(60)))
    whole = pyarrow.csv.read_csv(
        tmp_path / "x.csv",
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=delimited.MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    assert files.canonicalise(files.read(tmp_path / "x.csv")) == files.canonicalise(whole)


def test_files_of_one_delivery_are_one_table_of_the_wider_types(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,t\n1,x\n")
    (tmp_path / "b.csv").write_text("n,t\n1.5,\n")
    opened = files.open_all([tmp_path / "a.csv", tmp_path / "b.csv"], "csv")
    assert pa.Table.from_batches(opened.batches()).to_pylist() == [{"n": 1.0, "t": "x"}, {"n": 1.5, "t": None}]


def test_files_of_one_delivery_with_other_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,t\n1,x\n")
    (tmp_path / "b.csv").write_text("n,u\n1,x\n")
    with pytest.raises(errors.ColumnsInvalid, match="has the columns 't', 'u'"):
        files.open_all([tmp_path / "a.csv", tmp_path / "b.csv"], "csv")
