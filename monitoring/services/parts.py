"""A profile of a dataset that is larger than memory: framed by some of its rows, counted part by part, added up.

Parts are counted where they are: one after another, or on the machines of a cluster. Counts add exactly, so the profile
is the same to the bit however the rows were divided. Imports no Django, so that those machines need none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from monitoring.measures import profiles
from monitoring.measures.profiles import Frames, Profile, Summary
from monitoring.services import columns

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
Schema = Sequence[Mapping[str, Any]]
#: Up to so many rows a table is read whole.
AT_ONCE = 1_000_000
#: Rows that place bins and cells, drawn from every part.
FRAMING = 500_000


def profile(path: Path, schema: Schema, each: Each = map) -> Profile:
    """The profile of a Parquet file's columns that have a distribution; `each` does the work of `map`."""
    kinds = columns.kinds(schema)
    with parquet.ParquetFile(path) as file:
        if file.metadata.num_rows <= AT_ONCE:
            return profiles.make(columns.of_table(file.read(columns=list(kinds)), schema), kinds)
        frames = profiles.frames(columns.of_table(_some(file, list(kinds)), schema), kinds)
        counted = each(partial(_count, frames, tuple(schema)), _parts(file, list(kinds)))
        return profiles.finish(frames, reduce(add, counted, profiles.nothing(frames)))


def _count(frames: Frames, schema: Schema, part: pa.Table) -> Summary:
    return profiles.count(frames, columns.of_table(part, schema))


def _parts(file: parquet.ParquetFile, names: list[str]) -> Iterator[pa.Table]:
    """A row group at a time."""
    return (file.read_row_group(group, columns=names) for group in range(file.num_row_groups))


def _some(file: parquet.ParquetFile, names: list[str]) -> pa.Table:
    """Rows of every part, in proportion, always the same."""
    share, random = FRAMING / file.metadata.num_rows, np.random.default_rng(0)
    drawn = (
        part.take(np.sort(random.choice(part.num_rows, round(share * part.num_rows), replace=False)))
        for part in _parts(file, names)
    )
    return pa.concat_tables(drawn)
