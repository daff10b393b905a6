"""What an evaluation is asked: of which model, on which rows, against whom, and how deep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from workers.pipelines.evaluation.subject import Rows, Subject


@dataclass(frozen=True)
class Question:
    """What is to be judged, on which rows, and how: `settings` as evaluation.settings completes them."""

    subject: Subject
    table: pa.Table
    rows: Rows
    sensitive: Sequence[str]
    settings: Mapping[str, Any]
    seed: int = 0
    champion: Subject | None = None
    held_out: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What every measure takes."""
        return {"confidence": self.settings["confidence"], "draws": self.settings["draws"], "seed": self.seed}

    @property
    def seen(self) -> Rows:
        """The rows that the model was fitted on; none where the rows judged are not those that its run held out."""
        if not self.held_out:
            return np.empty(0, dtype=np.int64)
        return np.setdiff1d(np.arange(self.table.num_rows), self.rows)
