"""Pictures into pixels, for training and for serving alike: PNG and JPEG bytes to float32 between 0 and 1. Pure."""

import io
import warnings
from typing import Any

import numpy as np

CHANNELS = {"L": 1, "RGB": 3}
# Of 8 bits a channel; a picture of 16 bits would be cut off, not scaled.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
FORMATS = ("PNG", "JPEG")
BYTES_AT_MOST = 10_000_000
PIXELS_AT_MOST = 25_000_000
Pixels = np.ndarray[Any, np.dtype[np.float32]]


class Unreadable(ValueError):
    """The bytes are no picture that can be used; the text goes on from its name."""


def decode(data: bytes, *, width: int, height: int, mode: str) -> Pixels:
    """Pixels row by row between 0 and 1, shape (height * width * channels,); another size is resampled (bilinear).

    Raises Unreadable for other formats, more bytes or pixels than allowed, and broken files. The size is read from
    the header before any pixel is unpacked.
    """
    from PIL import Image  # its memory is for the processes that see pictures

    if len(data) > BYTES_AT_MOST:
        raise Unreadable(f"has {len(data)} bytes, at most {BYTES_AT_MOST} are allowed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is lower
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                _refuse_unusable(picture.width, picture.height, picture.mode)
                shaped = picture.convert(mode)
        except Unreadable:
            raise
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise Unreadable("is no PNG or JPEG that can be read") from error
    if shaped.size != (width, height):
        shaped = shaped.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(shaped, dtype=np.float32).ravel() / np.float32(255)


def _refuse_unusable(width: int, height: int, mode: str) -> None:
    if width * height > PIXELS_AT_MOST:
        raise Unreadable(f"has {width} x {height} pixels, at most {PIXELS_AT_MOST} are allowed")
    if mode not in MODES:
        raise Unreadable(f"has pixels of the mode {mode}, not of 8 bits a channel")
