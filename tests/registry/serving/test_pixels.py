"""Pictures: of the declared size and mode, and what is none or would be a bomb."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from registry.serving import pixels


def saved(picture: Image.Image, kind: str = "PNG") -> bytes:
    picture.save(file := io.BytesIO(), kind)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is large, in a hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_decode_gives_pixels_row_by_row_between_0_and_1() -> None:
    grey = Image.fromarray(np.array([[0, 51], [102, 255]], dtype=np.uint8))
    assert pixels.decode(saved(grey), width=2, height=2, mode="L").tolist() == pytest.approx([0, 0.2, 0.4, 1])
    colours = pixels.decode(saved(Image.new("RGB", (1, 1), (255, 0, 51))), width=1, height=1, mode="RGB")
    assert (colours.dtype, colours.tolist()) == (np.float32, pytest.approx([1, 0, 0.2]))


def test_decode_another_size_and_mode_is_resampled() -> None:
    picture = Image.new("RGBA", (40, 30), (255, 255, 255, 255))
    assert pixels.decode(saved(picture), width=4, height=3, mode="L").tolist() == [1] * 12


def test_decode_jpeg_is_a_picture_too() -> None:
    assert pixels.decode(saved(Image.new("L", (8, 8), 255), "JPEG"), width=8, height=8, mode="L").min() > 0.99


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is no PNG or JPEG that can be read"),
        (saved(Image.new("L", (8, 8)))[:40], "is no PNG or JPEG that can be read"),
        (saved(Image.new("L", (8, 8)), "GIF"), "is no PNG or JPEG that can be read"),
        (bomb(6000, 6000), "has 6000 x 6000 pixels, at most 25000000 are allowed"),
        (bomb(2**30, 2**30), "is no PNG or JPEG that can be read"),
        (b"\0" * 10_000_001, "has 10000001 bytes, at most 10000000 are allowed"),
        (saved(Image.new("F", (2, 2)), "TIFF"), "is no PNG or JPEG that can be read"),
    ],
)
def test_decode_what_is_no_picture_to_use_says_why(data: bytes, complaint: str) -> None:
    with pytest.raises(pixels.Unreadable) as refused:
        pixels.decode(data, width=8, height=8, mode="L")
    assert str(refused.value) == complaint
