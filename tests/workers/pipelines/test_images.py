"""Pictures of a table, and the row named that has none to use."""

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from workers.pipelines import images
from workers.pipelines.errors import TrainingRefused


def png(level: int) -> bytes:
    Image.new("L", (2, 2), level).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def matrix(*pictures: bytes | None) -> np.ndarray:
    column = pa.chunked_array([pa.array(pictures, pa.binary())])
    return images.matrix(column, width=2, height=2, mode="L", name="scan")


def test_matrix_has_a_picture_a_row() -> None:
    assert matrix(png(0), png(255)).tolist() == [[0] * 4, [1] * 4]


def test_matrix_names_the_row_of_a_missing_and_of_a_broken_picture() -> None:
    with pytest.raises(TrainingRefused, match="The image 'scan' is missing in row 1"):
        matrix(png(0), None)
    with pytest.raises(TrainingRefused, match="The image 'scan' in row 0 is no PNG or JPEG that can be read"):
        matrix(b"GIF89a")
