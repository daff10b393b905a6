"""Missing values go before alibi-detect sees them: one NaN in a window makes it answer "no drift"."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.alibi.answers import Refused
from workers.alibi.store import Rows

Places = NDArray[np.intp]


def split(name: str, rows: Rows, settings: dict[str, Any]) -> tuple[Rows, Places]:
    """The rows of finite numbers, and where they stood. Raises Refused on too many others, or on too few of these."""
    whole = np.isfinite(rows).all(axis=1)
    lost = int(len(rows) - whole.sum())
    if lost > settings["max_missing"] * len(rows):
        limit = f"at most {settings['max_missing']:.3g} of them may"
        raise Refused("missing", f"{lost} of {len(rows)} rows of the {name} miss a value: {limit}.")
    least = settings.get("min_n", 1)
    if len(rows) - lost < least:
        raise Refused("too_few", f"{len(rows) - lost} rows in the {name}: at least {least} are needed.")
    return rows[whole], np.flatnonzero(whole)
