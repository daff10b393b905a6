"""Reading files: the same rows from any format, and a named cause for every malformed one."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from workers.ingestion import errors, files
from workers.ingestion.files import Limits

CENSUS = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"
ROWS = pa.table({"id": [1, 2, 3], "score": [0.5, None, 2.0], "name": ["ä", None, 'a,"b']})


def jsonl(table: pa.Table) -> str:
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist())


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_read_every_format_same_rows_gives_the_same_table_and_digest(tmp_path: Path) -> None:
    pyarrow.csv.write_csv(ROWS, tmp_path / "rows.csv")
    pyarrow.parquet.write_table(ROWS, tmp_path / "rows.parquet", compression="gzip")
    written(tmp_path / "rows.jsonl", jsonl(ROWS))
    tables = [files.read(tmp_path / f"rows.{suffix}") for suffix in ("csv", "parquet", "jsonl")]
    assert tables == [ROWS, ROWS, ROWS]
    assert len({files.digest(files.canonicalise(table)) for table in tables}) == 1


def test_digest_of_census_from_csv_and_narrow_parquet_is_the_same(tmp_path: Path) -> None:
    pyarrow.csv.write_csv(pyarrow.parquet.read_table(CENSUS), tmp_path / "census.csv")
    from_csv, from_parquet = files.read(tmp_path / "census.csv"), files.read(CENSUS)
    assert files.digest(files.canonicalise(from_csv)) == files.digest(files.canonicalise(from_parquet))


def test_canonicalise_other_chunks_and_metadata_gives_the_same_bytes() -> None:
    # More text than a Parquet page holds, or chunks would leave no trace.
    whole = pa.table({"text": [hashlib.sha512(bytes([row % 256, row // 256])).hexdigest() for row in range(30_000)]})
    chunked = pa.concat_tables([whole.slice(0, 777), whole.slice(777)]).replace_schema_metadata({"made": "today"})
    assert files.digest(files.canonicalise(chunked)) == files.digest(files.canonicalise(whole))


def test_canonicalise_rows_in_another_order_gives_another_digest() -> None:
    assert files.canonicalise(ROWS) != files.canonicalise(ROWS.take(pa.array([1, 0, 2])))


def test_canonicalise_read_back_gives_the_same_rows(tmp_path: Path) -> None:
    assert files.read(written(tmp_path / "version.parquet", files.canonicalise(ROWS))) == ROWS


def test_read_nan_in_parquet_is_missing(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"x": pa.array([1.0, float("nan")])}), tmp_path / "x.parquet")
    assert files.read(tmp_path / "x.parquet")["x"].to_pylist() == [1.0, None]


def test_read_dictionary_column_becomes_text(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"x": pa.array(["a", "b", "a"]).dictionary_encode()}), tmp_path / "x.pq")
    assert files.read(tmp_path / "x.pq") == pa.table({"x": ["a", "b", "a"]})


def test_read_csv_missing_values_quoted_text_and_newlines_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", 'a,b\n1,"NA"\nNA,"two\nlines"\n,x\n')
    assert files.read(path).to_pydict() == {"a": [1, None, None], "b": ["NA", "two\nlines", "x"]}


def parquet_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


TWO_NAMES_ALIKE = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
MALFORMED: dict[str, tuple[str, str | bytes, type[errors.IngestionError], str]] = {
    "no bytes": ("x.csv", "", errors.FileEmpty, "The file holds no bytes."),
    "header only": ("x.csv", "a,b\n", errors.FileEmpty, "The file has no rows."),
    "blank lines": ("x.csv", "\n\n", errors.FileMalformed, "Empty CSV file"),
    "ragged": (
        "x.csv",
        "a,b\n1,2\nsecret\n",
        errors.FileMalformed,
        "CSV parse error: Row #3: Expected 2 columns, got 1.",
    ),
    "csv twice named": ("x.csv", "a,a\n1,2\n", errors.ColumnsInvalid, "more than once: 'a'."),
    "csv unnamed": ("x.csv", "a,\n1,2\n", errors.ColumnsInvalid, "A column has no name."),
    "latin-1": ("x.csv", "a\nMüller\n".encode("latin-1"), errors.FileMalformed, "byte 3 is not UTF-8"),
    "mixed encodings": ("x.csv", "ä\nü\n".encode() + b"\xe4\n", errors.FileMalformed, "byte 6 is not UTF-8"),
    "utf-16": ("x.csv", "a\n1\n".encode("utf-16-le"), errors.FileMalformed, "it holds NUL bytes"),
    "cut character": ("x.csv", "a\nü".encode()[:-1], errors.FileMalformed, "ends in the middle of a character"),
    "many columns": ("x.csv", ",".join(map(str, range(10_000))) + "\n", errors.FileTooLarge, "has 10000 columns"),
    "truncated parquet": ("x.parquet", parquet_bytes(ROWS)[:-20], errors.FileMalformed, "not readable as parquet"),
    "damaged parquet": ("x.parquet", parquet_bytes(ROWS).replace(b"\x15", b"\xff"), errors.FileMalformed, "parquet"),
    "csv named parquet": ("x.parquet", "a,b\n1,2\n", errors.FileMalformed, "not readable as parquet"),
    "parquet twice named": ("x.parquet", parquet_bytes(TWO_NAMES_ALIKE), errors.ColumnsInvalid, "more than once: 'a'."),
    "parquet no rows": ("x.parquet", parquet_bytes(ROWS.slice(0, 0)), errors.FileEmpty, "The file has no rows."),
    "parquet of lists": ("x.parquet", parquet_bytes(pa.table({"a": [[1]]})), errors.ColumnsInvalid, "'a' has the type"),
    "jsonl cut": ("x.jsonl", '{"a": 1}\n{"a":', errors.FileMalformed, "not readable as jsonl"),
    "jsonl twice named": ("x.jsonl", '{"a": 1, "a": 2}\n', errors.FileMalformed, "Column(/a) was specified twice"),
    "jsonl two types": ("x.jsonl", '{"a": 1}\n{"a": "x"}\n', errors.FileMalformed, "changed from number to string"),
    "jsonl nested": ("x.jsonl", '{"a": {"b": 1}}\n', errors.ColumnsInvalid, "'a' has the type struct<b: int64>"),
    "json array": ("x.jsonl", '[{"a": 1}]', errors.FileMalformed, "not readable as jsonl"),
    "jsonl deep": ("x.jsonl", '{"a": ' + "[" * 90_000 + "\n", errors.FileMalformed, "values within values"),
    "jsonl many keys": (
        "x.jsonl",
        json.dumps({f"k{number}": 1 for number in range(9_000)}),
        errors.FileTooLarge,
        "has 9000 columns",
    ),
    "jsonl ever other keys": (
        "x.jsonl",
        "".join(f'{{"k{number}": 1}}\n' for number in range(9_000)),
        errors.FileTooLarge,
        "columns, at most 2000",
    ),
    "jsonl nul": ("x.jsonl", '{"a": "secret\\u0000"}\n', errors.FileMalformed, "Column 'a' holds NUL characters"),
    "parquet nul": ("x.parquet", parquet_bytes(pa.table({"a": ["secret\x00"]})), errors.FileMalformed, "holds NUL"),
    "parquet not utf-8": (
        "x.parquet",
        parquet_bytes(pa.table({"a": pa.array([b"\xff"]).cast(pa.string(), safe=False)})),
        errors.FileMalformed,
        "UTF8",
    ),
    "parquet of year 60000": (
        "x.parquet",
        parquet_bytes(pa.table({"a": pa.array([2**40 + 2**39], pa.timestamp("s"))})),
        errors.ColumnsInvalid,
        "'a' holds a time outside the years 1 to 9999.",
    ),
    "column name of NUL": ("x.parquet", parquet_bytes(pa.table({"a\x00": [1]})), errors.ColumnsInvalid, "holds NUL"),
    "column name too long": ("x.csv", "a" * 201 + "\n1\n", errors.ColumnsInvalid, "longer than 200 characters"),
    "unknown ending": ("x.xlsx", "a\n1\n", errors.FormatUnknown, "'x.xlsx' does not tell the format."),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_read_malformed_file_names_the_cause_and_a_remedy(case: str, tmp_path: Path) -> None:
    name, content, error, cause = MALFORMED[case]
    with pytest.raises(error) as refused:
        files.read(written(tmp_path / name, content))
    assert cause in refused.value.detail
    assert refused.value.remedy
    assert "secret" not in refused.value.detail
    assert str(tmp_path) not in refused.value.detail


@pytest.mark.parametrize("limits", [Limits(bytes=5), Limits(rows=2), Limits(columns=2)])
def test_read_beyond_a_limit_is_refused(limits: Limits, tmp_path: Path) -> None:
    with pytest.raises(errors.FileTooLarge):
        files.read(written(tmp_path / "rows.parquet", parquet_bytes(ROWS)), limits=limits)


def test_read_parquet_whose_values_are_a_hundred_times_the_limit_is_refused(tmp_path: Path) -> None:
    bomb = pa.table({"a": pa.array(["x" * 100_000] * 300)})
    pyarrow.parquet.write_table(bomb, tmp_path / "x.parquet", compression="zstd")
    assert (tmp_path / "x.parquet").stat().st_size < 200_000
    with pytest.raises(errors.FileTooLarge, match="The values come to more than 20000000 bytes"):
        files.read(tmp_path / "x.parquet", limits=Limits(bytes=200_000))


def test_read_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.FormatUnknown, match="The format 'xml' is not known"):
        files.read(written(tmp_path / "x.csv", "a\n1\n"), "xml")
