"""The census sample that ships with the demo: real people, a real model's predictions, four years."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

FILE = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"
FEATURES = ["AGEP", "SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG", "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM"]
Table = dict[str, NDArray[np.float64]]


def year(wanted: int) -> Table:
    """All columns of one year, as float64."""
    table = parquet.read_table(FILE, filters=[("year", "=", wanted)])
    return {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}


def some(table: Table, rows: int, seed: int) -> Table:
    """Some rows at random: the file is in the order of households, and institutions stand together."""
    chosen = np.random.default_rng(seed).permutation(table["year"].size)[:rows]
    return {name: values[chosen] for name, values in table.items()}
