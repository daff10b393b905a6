"""More pictures to learn from: each is shifted, turned, mirrored or made noisy; only training rows are ever given."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from registry.serving import pixels
from workers.pipelines import matrices
from workers.pipelines.errors import RecipeInvalid
from workers.pipelines.matrices import Matrix, Rows
from workers.pipelines.preparation.layout import Layout

Array = np.ndarray[Any, Any]
Picture = np.ndarray[Any, np.dtype[np.float32]]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["copies"],
    "minProperties": 2,
    "properties": {
        "copies": {"type": "integer", "minimum": 1, "maximum": 20},
        "shift": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
        "rotate": {"type": "number", "exclusiveMinimum": 0, "maximum": 180},
        "flip": {"enum": ["horizontal", "vertical", "both"]},
        "noise": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
    },
}


def expand(rows: Rows, labels: Array, layout: Layout, settings: Mapping[str, Any], seed: int) -> tuple[Rows, Array]:
    """The rows, then `copies` changed ones of each, with the labels of their originals.

    Without settings all is as it was. The same seed gives the same pictures. Raises RecipeInvalid without an image.
    """
    if not settings:
        return rows, labels
    pictures = [entry for entry in layout.entries if entry["type"] == "image"]
    if not pictures:
        raise RecipeInvalid("$.augmentation: the recipe has no image.", "Remove it, or declare an image feature.")
    copies, random = settings["copies"], np.random.default_rng(seed)
    places = np.tile(np.arange(len(rows)), copies + 1)
    made = matrices.split(rows)[places]
    for entry in pictures:
        changed = matrices.column(made.features, entry)[len(rows) :]  # a view: changing it changes the rows
        for number in range(len(changed)):
            changed[number] = _changed(changed[number], entry, settings, random)
    return made.rows, labels[places]


def _changed(
    flat: Matrix, entry: Mapping[str, Any], settings: Mapping[str, Any], random: np.random.Generator
) -> Matrix:
    picture = flat.reshape(entry["height"], entry["width"], pixels.CHANNELS[entry["mode"]])
    for name, change in CHANGES.items():
        if name in settings:
            picture = change(picture, settings[name], random)
    return np.clip(picture, 0, 1).astype(np.float32).ravel()


def _rotate(picture: Picture, most: float, random: np.random.Generator) -> Picture:
    angle = random.uniform(-most, most)
    return np.asarray(ndimage.rotate(picture, angle, axes=(0, 1), reshape=False, order=1, mode="nearest"))


def _shift(picture: Picture, most: float, random: np.random.Generator) -> Picture:
    """By a share of height and width, with what stands at the edge drawn out."""
    height, width = picture.shape[:2]
    by = (random.uniform(-most, most) * height, random.uniform(-most, most) * width, 0)
    return np.asarray(ndimage.shift(picture, by, order=1, mode="nearest"))


def _flip(picture: Picture, which: str, random: np.random.Generator) -> Picture:
    across, down = random.random(2) < 0.5
    if across and which in ("horizontal", "both"):
        picture = picture[:, ::-1]
    return picture[::-1] if down and which in ("vertical", "both") else picture


def _noise(picture: Picture, deviation: float, random: np.random.Generator) -> Picture:
    return np.asarray(picture + random.normal(0, deviation, picture.shape))


CHANGES: dict[str, Callable[[Picture, Any, np.random.Generator], Picture]] = {
    "rotate": _rotate,
    "shift": _shift,
    "flip": _flip,
    "noise": _noise,
}
