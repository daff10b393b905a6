"""The demo's data: the American Community Survey for Massachusetts, 2015 to 2018 (US Census Bureau, public domain)."""

import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as csv
import pyarrow.parquet as parquet

FILE = Path(__file__).parent / "employment_ma.parquet"
FEATURES = {
    "AGEP": "numeric",
    "SCHL": "categorical",
    "MAR": "categorical",
    "RELP": "categorical",
    "DIS": "categorical",
    "ESP": "categorical",
    "CIT": "categorical",
    "MIG": "categorical",
    "MIL": "categorical",
    "ANC": "categorical",
    "NATIVITY": "categorical",
    "DEAR": "categorical",
    "DEYE": "categorical",
    "DREM": "categorical",
}
SENSITIVE = ["SEX", "RAC1P"]
LABEL = "employed"
CONTRACT: dict[str, Any] = {
    "columns": {
        "id": {"type": "integer", "nullable": False},
        "AGEP": {"type": "integer", "minimum": 0, "maximum": 120, "nullable": False},
        "SEX": {"allowed": [1, 2], "nullable": False},
        "RAC1P": {"allowed": [1, 2, 3, 4, 5, 6, 7, 8, 9], "nullable": False},
        LABEL: {"allowed": [0, 1], "nullable": False},
    },
    "minimum_rows": 1000,
    "unique": ["id"],
}


def delivery(year: int) -> bytes:
    """One year's rows as the CSV file that a data provider would send."""
    kept = ["id", *FEATURES, *SENSITIVE, LABEL, "year"]
    target = io.BytesIO()
    csv.write_csv(_year(year).select(kept), target)
    return target.getvalue()


def people(year: int) -> list[dict[str, Any]]:
    """One year's rows, each a dict of columns, in random order: the survey's own order is by household."""
    rows: list[dict[str, Any]] = _year(year).to_pylist()
    random.Random(year).shuffle(rows)
    return rows


def request_row(person: dict[str, Any]) -> dict[str, Any]:
    """A person as the prediction API takes one: features apart from what only fairness may see."""
    return {
        "features": {name: person[name] for name in FEATURES},
        "entity": f"{person['year']}-{person['id']}",
        "attributes": {name: person[name] for name in SENSITIVE},
    }


def _year(year: int) -> pa.Table:
    table = parquet.read_table(FILE)
    return table.filter(compute.equal(table["year"], year))
