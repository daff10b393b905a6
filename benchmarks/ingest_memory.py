"""What ingesting a CSV file takes, in memory and time, from file to canonical Parquet with profile and contract.

    python benchmarks/ingest_memory.py --gigabytes 5 --peer-gigabytes 0.5

Each reading is a process of its own, of which the peak resident size is taken. The peer is pandas.read_csv on a file of
the size given, as it holds all rows at once. The file is written to --folder and removed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

ROWS = 200_000
CONTRACT = {
    "columns": {
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "nullable": False},
        "income": {"type": "number", "minimum": 0, "missing_at_most": 0.1},
        "region": {"allowed": [f"region {number}" for number in range(12)]},
        "taken": {"type": "date"},
    },
    "minimum_rows": 1000,
    "checks": [{"name": "in-time", "rule": {"column": "score", "is": ">=", "to": -100}}],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--peer-gigabytes", type=float, default=0.25)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--read", nargs=2, metavar=("HOW", "PATH"), help="one reading, as the measured process")
    given = parser.parse_args()
    if given.read:
        measured(*given.read)
        return
    print(f"{'reading':<12} {'file, GB':>9} {'rows':>12} {'seconds':>8} {'rows/s':>10} {'peak, MB':>9}")
    for how, size in (("ingest", given.gigabytes), ("ingest", given.peer_gigabytes), ("pandas", given.peer_gigabytes)):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            show(how, written(Path(folder) / "rows.csv", size))


def show(how: str, path: Path) -> None:
    command = [sys.executable, __file__, "--read", how, str(path)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    size, rate = path.stat().st_size / 1e9, answer["rows"] / answer["seconds"]
    seconds, peak = answer["seconds"], answer["peak_mb"]
    print(f"{how:<12} {size:>9.2f} {answer['rows']:>12,} {seconds:>8.1f} {rate:>10,.0f} {peak:>9,.0f}")


def written(path: Path, gigabytes: float) -> Path:
    """Rows of numbers, dates and text until the file has its size."""
    random = np.random.default_rng(1)
    with path.open("wb") as file:
        head = True
        while file.tell() < gigabytes * 1e9:
            options = pyarrow.csv.WriteOptions(include_header=head)
            pyarrow.csv.write_csv(_rows(random, start=0 if head else file.tell()), file, options)
            head = False
    return path


def _rows(random: np.random.Generator, *, start: int) -> pa.Table:
    days = random.integers(10_000, 20_000, ROWS).astype("datetime64[D]")
    numbers = {f"x{place}": random.normal(size=ROWS).round(6) for place in range(4)}
    regions = [f"region {number}" for number in random.integers(0, 12, ROWS)]
    return pa.table(
        {
            "row": np.arange(start, start + ROWS),
            "age": random.integers(0, 100, ROWS),
            "income": pa.array(random.lognormal(10, 1, ROWS).round(2), mask=random.random(ROWS) < 0.05),
            "score": random.normal(size=ROWS).round(6),
            "region": regions,
            "taken": days,
            "note": [f"seen on day {number} in a room" for number in random.integers(0, 10**7, ROWS)],
            **numbers,
        }
    )


def measured(how: str, path: str) -> None:
    """One reading; prints what it took as JSON."""
    started = time.perf_counter()
    rows = ingested(Path(path)) if how == "ingest" else parsed(path)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak}))


def ingested(path: Path) -> int:
    from workers.ingestion import deliver, files  # each process loads only what it measures

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        terms = deliver.Terms(contract=CONTRACT)
        limits = files.Limits(bytes=path.stat().st_size)
        return deliver.build([path], "csv", into=Path(folder), terms=terms, limits=limits).row_count


def parsed(path: str) -> int:
    import pandas as pd  # as above

    return len(pd.read_csv(path))


if __name__ == "__main__":
    main()
