"""Pieces of work on the machines of a Dask cluster, where one is set; the same pieces here where none is.

The pieces come back in the order in which they were given, and are put together here: so the results are the same.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@contextmanager
def each(address: str) -> Iterator[Each]:
    """What does the work of `map`: on the cluster at the address, or one after the other where it is empty."""
    if not address:
        yield map
        return
    with _client(address) as client:

        def over(work: Callable[[Any], Any], pieces: Iterable[Any]) -> Iterable[Any]:
            # What all pieces need, such as the training rows, travels once a machine.
            shared = client.scatter(_Work(work), broadcast=True)
            return _gathered(client, [client.submit(_do, shared, piece, pure=False) for piece in pieces])

        yield over


@contextmanager
def each_column(address: str) -> Iterator[Each]:
    """The same for work on the columns of a Parquet file of this machine: each piece takes its column along.

    The work is a partial whose first argument is the file's path, and a piece is a column's name.
    """
    if not address:
        yield map
        return
    with _client(address) as client:

        def over(work: Any, columns: Iterable[str]) -> Iterable[Any]:
            path, *rest = work.args
            there = partial(_do_column, work.func, rest, work.keywords)
            return _gathered(client, [_sent(client, there, path, name) for name in columns])

        yield over


class _Work:
    """A function as data: the cluster must not take it for a task of its own."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work


def _client(address: str) -> Any:
    from distributed import Client  # nothing of Dask is loaded where no cluster is set

    return Client(address, set_as_default=False)


def _gathered(client: Any, futures: list[Any]) -> Iterator[Any]:
    """In the order of the pieces, each as soon as it is there."""
    for future in futures:
        yield client.gather(future)


def _sent(client: Any, work: Callable[..., Any], path: Path, name: str) -> Any:
    """One column on its way; the file's other columns stay here."""
    return client.submit(work, client.scatter(_column(path, name)), name, pure=False)


def _column(path: Path, name: str) -> bytes:
    """A Parquet file of one column, in row groups as the file has them."""
    import pyarrow as pa  # pyarrow loads with the first job
    import pyarrow.parquet as parquet

    sink = pa.BufferOutputStream()
    with parquet.ParquetFile(path) as file, parquet.ParquetWriter(sink, _schema(file, name)) as writer:
        for group in range(file.num_row_groups):
            writer.write_table(file.read_row_group(group, columns=[name], use_threads=False))
    return bytes(sink.getvalue())


def _schema(file: Any, name: str) -> Any:
    import pyarrow as pa  # as above

    return pa.schema([file.schema_arrow.field(name)])


def _do(shared: _Work, piece: Any) -> Any:
    """On a machine of the cluster, on one thread: sums made in another order are not the same bits."""
    from threadpoolctl import threadpool_limits  # as above

    with threadpool_limits(limits=1):
        return shared.work(piece)


def _do_column(work: Callable[..., Any], rest: list[Any], keywords: dict[str, Any], held: bytes, name: str) -> Any:
    """On a machine of the cluster: the column as a file again, and the work on it."""
    with tempfile.TemporaryDirectory(prefix="column-") as folder:
        path = Path(folder) / "column.parquet"
        path.write_bytes(held)
        return work(path, *rest, name, **keywords)
