"""Rows made worse on purpose, by a seed: noise, gaps and shift in numbers, damage in images."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from registry.serving import columns, pixels
from workers.pipelines import matrices
from workers.pipelines.evaluation.subject import Subject
from workers.pipelines.matrices import Inputs

Floats = np.ndarray[Any, np.dtype[np.float32]]
SEVERITIES = (1, 2, 3)


@dataclass(frozen=True)
class Worse:
    """Perturbed rows under the name of what was done to them and how much of it."""

    what: str
    level: str
    inputs: Inputs


def versions(subject: Subject, inputs: Inputs, asked: Mapping[str, Any], *, seed: int) -> Iterator[Worse]:
    """The rows once for each perturbation and level asked for; each has a generator of its own."""
    makers: dict[str, Callable[..., Inputs]] = {"noise": noise, "missing": missing, "shift": shift}
    for place, (what, make) in enumerate(makers.items()):
        for level in asked.get(what, ()):
            yield Worse(what, f"{level:g}", make(subject, inputs, level, np.random.default_rng([seed, place])))
    for place, what in enumerate(asked.get("corruptions", ())):
        for severity in SEVERITIES:
            made = corrupted(subject, inputs, what, severity, np.random.default_rng([seed, 10 + place]))
            yield Worse(f"image_{what}", str(severity), made)


def noise(subject: Subject, inputs: Inputs, level: float, generator: np.random.Generator) -> Inputs:
    """Normal noise of `level` standard deviations of each numeric column, on each of its values."""
    made = inputs.features.copy()
    for one in numeric(subject):
        spread = np.nanstd(made[:, one])
        made[:, one] += (level * spread * generator.normal(size=len(made))).astype(np.float32)
    return Inputs(made, inputs.texts)


def missing(subject: Subject, inputs: Inputs, level: float, generator: np.random.Generator) -> Inputs:
    """A share of the values of each feature taken away, completely at random; images stay whole."""
    features = inputs.features.copy()
    texts = None if inputs.texts is None else inputs.texts.copy()
    for entry, start in placed(subject):
        gone = generator.random(len(features)) < level
        if entry.get("input") == matrices.TEXTS:
            assert texts is not None
            texts[gone, start] = ""
        elif entry["type"] != "image":
            features[gone, start : start + columns.width(entry)] = np.nan
    return Inputs(features, texts)


def shift(subject: Subject, inputs: Inputs, level: float, generator: np.random.Generator) -> Inputs:
    """Each numeric column moved by `level` of its standard deviations, up or down by the toss of a coin."""
    made = inputs.features.copy()
    for one in numeric(subject):
        made[:, one] += np.float32(level * np.nanstd(made[:, one]) * generator.choice([-1.0, 1.0]))
    return Inputs(made, inputs.texts)


def corrupted(subject: Subject, inputs: Inputs, what: str, severity: int, generator: np.random.Generator) -> Inputs:
    """Every image damaged; pixels stay between 0 and 1.

    Reference for kinds and severities: D. Hendrycks and T. Dietterich, ICLR 2019.
    """
    made = inputs.features.copy()
    for entry, start in placed(subject):
        if entry["type"] == "image":
            width = columns.width(entry)
            shape = (len(made), entry["height"], entry["width"], pixels.CHANNELS[entry["mode"]])
            images = made[:, start : start + width].reshape(shape)
            damaged = _damaged(images, what, severity, generator)
            made[:, start : start + width] = np.clip(damaged, 0.0, 1.0).reshape(len(made), width)
    return Inputs(made, inputs.texts)


def numeric(subject: Subject) -> list[int]:
    """The columns of `features` that hold numbers of which a little more is a little more."""
    return [start for entry, start in placed(subject) if entry["type"] == "numeric"]


def placed(subject: Subject) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Each entry of the input schema with its first column."""
    places = {matrices.INPUT: 0, matrices.TEXTS: 0}
    for entry in subject.input_schema:
        source = entry.get("input", matrices.INPUT)
        start = entry.get("position", places[source])
        places[source] = start + columns.width(entry)
        yield entry, start


def _damaged(images: Floats, what: str, severity: int, generator: np.random.Generator) -> Floats:
    if what == "noise":
        return images + np.asarray(0.08 * severity * generator.normal(size=images.shape), dtype=np.float32)
    if what == "blur":
        reach = 0.4 * severity
        return np.asarray(gaussian_filter(images, sigma=(0, reach, reach, 0)), dtype=np.float32)
    if what == "contrast":
        middle = images.mean(axis=(1, 2), keepdims=True)
        return np.asarray(middle + (images - middle) * (1.0 - 0.25 * severity), dtype=np.float32)
    if what == "brightness":
        return images + np.float32(0.15 * severity)
    if what == "occlusion":
        return _covered(images, 0.2 * severity, generator)
    return np.asarray(np.roll(images, severity, axis=2))  # shift: as many pixels to the right


def _covered(images: Floats, share: float, generator: np.random.Generator) -> Floats:
    """A square of nothing on each image, its side the share of the image's."""
    made = images.copy()
    sides = [max(1, round(share * size)) for size in images.shape[1:3]]
    for image in made:
        top, left = (int(generator.integers(size - side + 1)) for size, side in zip(image.shape, sides, strict=False))
        image[top : top + sides[0], left : left + sides[1]] = 0.0
    return made
