"""A model's inputs as parts that can be exchanged between rows: one for each feature, or each patch of an image.

Every method here needs rows that are made of others. A row is written as the numbers of the pool's rows that its parts
are taken from, so that numbers, dates and texts are handled alike and nothing is ever encoded twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.serving import columns
from workers.pipelines import matrices, predict
from workers.pipelines.evaluation.subject import BINARY, REGRESSION, Subject
from workers.pipelines.matrices import Inputs

Ids = np.ndarray[Any, np.dtype[np.int64]]
Values = np.ndarray[Any, np.dtype[np.float64]]
PATCHES = 6


@dataclass(frozen=True)
class Part:
    """One exchangeable piece: which columns of which input it takes."""

    name: str
    type: str
    input: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Pool:
    """Rows to make others of, and the model that answers them."""

    subject: Subject
    inputs: Inputs
    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return len(self.inputs)

    def own(self, rows: Sequence[int] | Ids) -> Ids:
        """The pool's rows as they are, written as ids, (rows, parts)."""
        return np.repeat(np.asarray(rows, dtype=np.int64)[:, None], len(self.parts), axis=1)

    def answers(self, ids: Ids) -> Values:
        """What the model says of the rows that are made up so, (rows, outputs)."""
        given = self.composed(ids)
        answered = predict.outputs(self.subject.session, given)
        if self.subject.task == REGRESSION:
            assert answered.value is not None
            return answered.value[:, None]
        assert answered.probabilities is not None
        return answered.probabilities[:, 1:] if self.subject.task == BINARY else answered.probabilities

    def composed(self, ids: Ids) -> Inputs:
        """The rows that are made up so, as the model takes them."""
        features = np.empty((len(ids), self.inputs.features.shape[1]), dtype=np.float32)
        texts = None if self.inputs.texts is None else np.empty((len(ids), self.inputs.texts.shape[1]), dtype=object)
        for place, part in enumerate(self.parts):
            source, sink = (
                (self.inputs.texts, texts) if part.input == matrices.TEXTS else (self.inputs.features, features)
            )
            assert source is not None
            assert sink is not None
            for one in part.columns:
                sink[:, one] = source[ids[:, place], one]
        return Inputs(features, texts)

    def column(self, part: Part) -> np.ndarray[Any, Any]:
        """What the pool's rows hold in the first column of a part."""
        source = self.inputs.texts if part.input == matrices.TEXTS else self.inputs.features
        assert source is not None
        return source[:, part.columns[0]]

    @property
    def outputs(self) -> list[str]:
        """What the answers are of: the positive class, each class, or the number."""
        if self.subject.task == REGRESSION:
            return ["value"]
        return ["score"] if self.subject.task == BINARY else [str(one) for one in self.subject.classes]


def pool(subject: Subject, *inputs: Inputs) -> Pool:
    """A pool of all the rows given, in their order."""
    texts = [one.texts for one in inputs]
    joined = Inputs(
        np.concatenate([one.features for one in inputs]),
        None if any(one is None for one in texts) else np.concatenate([one for one in texts if one is not None]),
    )
    return Pool(subject, joined, parts_of(subject))


def parts_of(subject: Subject) -> tuple[Part, ...]:
    """The parts of the subject's inputs; an image falls into patches, at most six by six."""
    places = {matrices.INPUT: 0, matrices.TEXTS: 0}
    found: list[Part] = []
    for entry in subject.input_schema:
        source = entry.get("input", matrices.INPUT)
        start, width = entry.get("position", places[source]), columns.width(entry)
        places[source] = start + width
        if entry["type"] == "image":
            found += _patches(entry, start, width)
        else:
            found.append(Part(entry["name"], entry["type"], source, tuple(range(start, start + width))))
    return tuple(found)


def _patches(entry: Any, start: int, width: int) -> list[Part]:
    across, down = entry["width"], entry["height"]
    channels = width // (across * down)
    pixels = start + np.arange(width).reshape(down, across, channels)
    rows, columns = (np.array_split(np.arange(size), min(PATCHES, size)) for size in (down, across))
    return [
        Part(
            f"{entry['name']} [{y[0]}:{y[-1] + 1}, {x[0]}:{x[-1] + 1}]",
            "image",
            matrices.INPUT,
            tuple(pixels[np.ix_(y, x)].ravel().tolist()),
        )
        for y in rows
        for x in columns
    ]
