"""Text is UTF-8 without NUL, or it is refused; readers would take it for binary data or mojibake."""

import codecs
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.errors import FileMalformed

BLOCK = 1 << 20


def check(path: Path) -> None:
    """Raises FileMalformed, naming the byte."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            held_back = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _wrong(f"byte {offset - held_back + error.start} is not UTF-8") from error
            if "\x00" in text:
                raise _wrong("it holds NUL bytes, as UTF-16 and binary files do")
            offset += len(block)
    if decoder.getstate()[0]:
        raise _wrong("it ends in the middle of a character")


def check_values(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same batch, of a format that can spell NUL or hold bytes as text. Raises FileMalformed, ArrowException."""
    batch.validate(full=True)
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_string(values.type) and pc.any(pc.match_substring(values, "\x00")).as_py():
            raise FileMalformed(f"Column {name!r} holds NUL characters, which no record can keep.", "Take them out.")
    return batch


def _wrong(cause: str) -> FileMalformed:
    return FileMalformed(f"The file has the wrong encoding: {cause}.", "Save it as UTF-8 text.")
