"""Dataset versions as tables, checked against their digest."""

import pyarrow as pa
import pyarrow.parquet as parquet

from registry import artifacts
from registry.models import DatasetVersion


def load(version: DatasetVersion) -> pa.Table:
    """All rows of a version."""
    with artifacts.local(version.digest, suffix=".parquet") as path:
        return parquet.read_table(path, memory_map=False)
