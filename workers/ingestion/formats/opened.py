"""What every format shares: the bounds of a delivery, and files that read as one table."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from workers.ingestion.errors import ColumnsInvalid, FileEmpty, FileMalformed, FileTooLarge

RATIO = 100
LONGEST_NAME = 200
REMEDIES = {
    "csv": "Give every row as many comma-separated values as the header has columns.",
    "parquet": "The file is truncated or damaged: write it again and check that the upload was complete.",
    "jsonl": "Write one flat JSON object a line, each column with one type throughout.",
}
#: What a reader quotes of a file, which may be somebody's data, comes after these words.
_QUOTED = re.compile(r"(got \d+|timestamp|value|converting|Could not convert)\b:? .*")


@dataclass(frozen=True)
class Limits:
    """What a delivery may hold at most."""

    bytes: int = 512 * 1024 * 1024
    rows: int = 200_000_000
    columns: int = 2_000

    @property
    def value_bytes(self) -> int:
        """What all values together may come to: a few kilobytes of Parquet can stand for terabytes."""
        return RATIO * self.bytes


USUAL = Limits()


@dataclass(frozen=True)
class Opened:
    """Files that read as one table: its canonical schema, and its rows from the start as often as asked."""

    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]


def unreadable(format: str, error: BaseException) -> FileMalformed:
    """What a reader says about a damaged file: its first line, without the values that it quotes."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    cause = type(error).__name__ if isinstance(error, UnicodeDecodeError) else _QUOTED.sub(r"\1", lines[0])
    return FileMalformed(f"The file is not readable as {format}: {cause.rstrip('.')}.", REMEDIES[format])


def check_rows(rows: int, limits: Limits) -> None:
    """Raises FileTooLarge."""
    if rows > limits.rows:
        raise FileTooLarge(f"The file has more than {limits.rows} rows, which are allowed.", "Split the file.")


def check_value_bytes(size: int, limits: Limits) -> None:
    """Raises FileTooLarge."""
    if size > limits.value_bytes:
        raise FileTooLarge(
            f"The values come to more than {limits.value_bytes} bytes, {RATIO} times what a file may have.",
            "Split the file.",
        )


def check_column_count(count: int, limits: Limits) -> None:
    """Raises FileTooLarge."""
    if count > limits.columns:
        raise FileTooLarge(
            f"The file has {count} columns, at most {limits.columns} are allowed.", "Keep the columns you need."
        )


def check_columns(names: Sequence[str], limits: Limits) -> None:
    """Raises FileTooLarge, FileEmpty, ColumnsInvalid."""
    check_column_count(len(names), limits)
    if not names:
        raise FileEmpty("The file has no rows.", "Upload a file with a header and at least one row.")
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ColumnsInvalid(
            f"Column names appear more than once: {', '.join(repr(name[:LONGEST_NAME]) for name in repeated[:10])}.",
            "Give every column a name of its own.",
        )
    if any(not name.strip() for name in names):
        raise ColumnsInvalid("A column has no name.", "Give every column a name in the header.")
    unfit = next((name for name in names if len(name) > LONGEST_NAME or "\x00" in name), None)
    if unfit is not None:
        raise ColumnsInvalid(
            f"The column name {unfit[:50]!r} is longer than {LONGEST_NAME} characters, or holds NUL.", "Rename it."
        )
