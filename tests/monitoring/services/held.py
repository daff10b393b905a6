"""What the floor above has of a version, given instead of worked out: answers on rows held out, and attributions."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.services.parts import Each
from monitoring.services.profiles import Answers, Attributions, Column, HeldOut, Violation
from registry.models import ModelVersion

ROWS = 4_000


def calibrated(rows: int = ROWS) -> Answers:
    """Answers whose scores come true as often as they say."""
    random = np.random.default_rng(1)
    score = random.uniform(size=rows)
    truth = (random.uniform(size=rows) < score).astype(float)
    return Answers(score, (score >= 0.5).astype(float), truth)


@dataclass
class Held:
    """The door to models and contracts, as looks see it; `asked` counts how often rows held out were read."""

    answers: Answers = field(default_factory=calibrated)
    found: Attributions | None = None
    broken: list[Violation] = field(default_factory=list)
    asked: int = 0

    def held_out(self, version: ModelVersion) -> HeldOut:
        self.asked += 1
        return HeldOut(self.answers, np.zeros((len(self.answers), 2)))

    def inputs(self, version: ModelVersion, rows: Sequence[Mapping[str, Any]]) -> Column:
        return np.array([[row["AGEP"], row["SCHL"]] for row in rows], np.float64)

    def attributions(
        self, version: ModelVersion, rows: Sequence[Mapping[str, Any]], *, background: int
    ) -> Attributions:
        assert self.found is not None
        return self.found

    def violations(self, version: ModelVersion, rows: Sequence[Mapping[str, Any]]) -> list[Violation]:
        return self.broken

    def spread(self) -> AbstractContextManager[Each]:
        return nullcontext(map)
