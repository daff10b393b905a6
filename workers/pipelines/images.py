"""Pictures of a table as pixels of a matrix."""

from typing import Any

import numpy as np
import pyarrow as pa

from registry.serving import pixels
from registry.serving.pixels import CHANNELS
from workers.pipelines.errors import TrainingRefused

Matrix = np.ndarray[Any, np.dtype[np.float32]]


def matrix(column: pa.ChunkedArray, *, width: int, height: int, mode: str, name: str) -> Matrix:
    """A picture a row, its pixels float32 between 0 and 1, shape (rows, height * width * channels).

    Raises TrainingRefused naming the row of a picture that is missing or cannot be read.
    """
    if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        raise TrainingRefused(f"The feature {name!r} holds no images.", "Bring them as a dataset of images.")
    made = np.empty((len(column), width * height * CHANNELS[mode]), dtype=np.float32)
    for row, data in enumerate(column):
        if not data.is_valid:
            raise TrainingRefused(f"The image {name!r} is missing in row {row}.", "Drop that row.")
        try:
            made[row] = pixels.decode(data.as_py(), width=width, height=height, mode=mode)
        except pixels.Unreadable as error:
            detail = f"The image {name!r} in row {row} {error}."
            raise TrainingRefused(detail, "Replace it, or drop that row.") from error
    return made
