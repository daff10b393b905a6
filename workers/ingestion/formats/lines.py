"""JSON Lines: one flat object a line; what is not flat, or has no end of keys, is refused before it is parsed."""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.json

from workers.ingestion import types
from workers.ingestion.errors import FileMalformed
from workers.ingestion.formats import text
from workers.ingestion.formats.opened import (
    REMEDIES,
    Limits,
    Opened,
    check_column_count,
    check_columns,
)

BLOCK = 4 << 20
#: Types are found in so much text at a time: a block of lines that all name other keys would make a square of them.
PIECE = 1 << 16
LINE_AT_MOST = 64 << 20
#: The parser calls itself for each level, and would end the process with the stack.
DEEPEST = 200
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def open(path: Path, limits: Limits) -> Opened:
    """Raises an IngestionError or an ArrowException."""
    text.check(path)
    found: dict[str, pa.DataType] = {}
    for piece in _pieces(path):
        _check_shape(piece, limits)
        for field in _table(piece).schema:
            found[field.name] = _widest(field.name, found.get(field.name, pa.null()), field.type)
        check_column_count(len(found), limits)
    check_columns(list(found), limits)
    read_as = pa.schema(list(found.items()))
    return Opened(types.canonical(read_as), partial(_batches, path, read_as))


def _batches(path: Path, read_as: pa.Schema) -> Iterator[pa.RecordBatch]:
    for block in _blocks(path):
        yield from map(text.check_values, _table(block, read_as).to_batches())


def _table(block: bytes, read_as: pa.Schema | None = None) -> pa.Table:
    return pyarrow.json.read_json(
        pa.BufferReader(block),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=read_as),
    )


def _check_shape(piece: bytes, limits: Limits) -> None:
    """Levels and keys of each line, counted only where a glance says that there may be many."""
    is_deep = piece.count(b"{") + piece.count(b"[") > piece.count(b"\n") + DEEPEST
    if not is_deep and len(piece) <= PIECE:
        return
    for line in _STRING.sub(b'""', piece).splitlines():
        if line.count(b"{") + line.count(b"[") > DEEPEST:
            raise FileMalformed("A line holds hundreds of values within values.", REMEDIES["jsonl"])
        check_column_count(line.count(b":"), limits)


def _widest(name: str, one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """As Arrow widens within one block: text that looks like a time is text where other text stands beside it."""
    if {one.id, other.id} == {pa.timestamp("s").id, pa.string().id}:
        return pa.string()
    return types.widest(name, one, other)


def _pieces(path: Path) -> Iterator[bytes]:
    """The blocks in pieces of whole lines; one that is longer than a piece is a piece by itself."""
    for block in _blocks(path):
        start = 0
        while start < len(block):
            end = block.rfind(b"\n", start, start + PIECE) + 1 or block.find(b"\n", start) + 1 or len(block)
            if piece := block[start:end].strip():
                yield piece
            start = end


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    with path.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        kept = b""
        while block := file.read(BLOCK):
            whole, newline, rest = (kept + block).rpartition(b"\n")
            kept = rest
            if len(kept) > LINE_AT_MOST:
                raise FileMalformed(f"A line holds more than {LINE_AT_MOST} bytes.", REMEDIES["jsonl"])
            if whole.strip():
                yield whole + newline
        if kept.strip():
            yield kept
