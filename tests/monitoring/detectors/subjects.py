"""What the conformance suite gives each detector: data of its kind, the same as before or one deviation away."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring import detectors
from monitoring.detectors.detector import Detector, Offline, Remote, State
from monitoring.detectors.online import Online
from monitoring.detectors.verdict import Verdict
from tests import alibi

Floats = NDArray[np.float64]
Make = Callable[[np.random.Generator, int, float], Floats]


def normal(random: np.random.Generator, n: int, shift: float) -> Floats:
    return random.normal(shift, size=(n, 2))


def one(random: np.random.Generator, n: int, shift: float) -> Floats:
    return random.normal(shift, size=(n, 1))


def codes(random: np.random.Generator, n: int, shift: float) -> Floats:
    """Four categories, of which the last becomes frequent."""
    return np.digitize(random.normal(shift, size=(n, 1)), [-0.7, 0.0, 0.7]).astype(float)


def yes(random: np.random.Generator, n: int, shift: float) -> Floats:
    """A rate of 0.3, whose standard deviation is 0.46."""
    return (random.random((n, 1)) < 0.3 + 0.46 * shift).astype(float)


def probabilities(random: np.random.Generator, n: int, shift: float) -> Floats:
    sure = 1 / (1 + np.exp(-random.normal(2 * shift, 1, size=n)))
    return np.column_stack([sure, 1 - sure])


@dataclass(frozen=True)
class Subject:
    """A detector with small settings, and how to ask it whatever its kind. `looks` is how many the null rate takes."""

    name: str
    make: Make = normal
    given: dict[str, Any] = field(default_factory=dict)
    size: int = 300
    looks: int = 60
    stream: int = 0

    def __str__(self) -> str:
        return self.name

    @property
    def detector(self) -> Detector:
        return detectors.find(self.name)

    @property
    def settings(self) -> dict[str, Any]:
        return self.detector.settings(self.given)


#: 0.05 where a level is asked for, so that few looks show whether it is kept.
SUBJECTS = [
    Subject("ours.drift", given={"min_n": 100}, looks=200),
    Subject("ours.ks", given={"alpha": 0.05}, looks=200),
    Subject("ours.cramer_von_mises", given={"alpha": 0.05}, looks=200),
    Subject("ours.anderson_darling", given={"alpha": 0.05}, looks=200),
    Subject("ours.chi_square", codes, {"alpha": 0.05}, looks=200),
    Subject("ours.g_test", codes, {"alpha": 0.05}, looks=200),
    Subject("ours.mmd", given={"alpha": 0.05, "permutations": 99}, looks=100, size=100),
    Subject("ours.energy", given={"alpha": 0.05, "permutations": 99}, looks=100, size=100),
    Subject("river.adwin", one, {"expected_run": 1_000}, stream=20_000),
    Subject("river.kswin", one, {"expected_run": 500, "window": 120, "newest": 40}, stream=3_000),
    Subject("river.page_hinkley", one, {"expected_run": 1_000}, stream=20_000),
    Subject("alibi.ks", given={"alpha": 0.05}),
    Subject("alibi.chi_square", codes, {"alpha": 0.05}),
    Subject("alibi.classifier", given={"alpha": 0.05}),
    Subject("alibi.classifier_uncertainty", probabilities, {"alpha": 0.05}),
    Subject("alibi.isolation_forest", given={"alpha": 0.05, "trees": 30}, looks=40),
    Subject("alibi.mahalanobis", given={"alpha": 0.05}),
    Subject("alibi.mmd", given={"alpha": 0.05, "permutations": 100, "min_n": 50}, size=100),
    Subject("alibi.lsdd", given={"alpha": 0.05, "permutations": 100, "min_n": 50}, size=100),
    Subject("alibi.cvm_online", one, {"expected_run": 100, "simulations": 1_000, "windows": [10, 20]}, stream=2_000),
    Subject("alibi.fet_online", yes, {"expected_run": 100, "simulations": 1_000, "windows": [10, 20]}, stream=2_000),
]


@dataclass(frozen=True)
class Asked:
    """A subject, and the worker that runs those of alibi-detect."""

    subject: Subject
    worker: alibi.Worker | None

    def look(self, reference: Floats, window: Floats, state: State | None = None) -> tuple[Verdict, State | None]:
        """One look; a stream that has no state starts. The state goes through JSON, as it does between two looks."""
        detector, settings = self.subject.detector, self.subject.settings
        kept = json.loads(json.dumps(state, allow_nan=False))
        if isinstance(detector, Online):
            after, verdict = detector.advance(kept or detector.start(settings), window[:, 0])
            return verdict, after
        if isinstance(detector, Offline):
            return detector.compare(settings, _table(reference), _table(window)), None
        assert isinstance(detector, Remote)
        assert self.worker is not None
        job = detector.job(settings, reference=alibi.store(reference), window=alibi.store(window), state=kept)
        return detector.read(self.worker.ask(job))


def _table(rows: Floats) -> dict[str, Floats]:
    return {f"column {number}": column for number, column in enumerate(rows.T)}
