"""Detectors as a benchmark asks them: a reference and what came later in, the rows of alarms or a verdict out."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlops_server import processes
from monitoring import detectors
from monitoring.detectors.detector import Offline
from monitoring.detectors.online import Online

Floats = NDArray[np.float64]
Alarms = Callable[[Floats], list[int]]
Start = Callable[[Floats], Alarms]
Drifted = Callable[[Floats, Floats], bool]
Make = Callable[[np.random.Generator, int, float], Floats]
Answer = Callable[[dict[str, Any]], Any]


def normal(random: np.random.Generator, n: int, shift: float) -> Floats:
    return random.normal(shift, size=n)


def lognormal(random: np.random.Generator, n: int, shift: float) -> Floats:
    """Standardised, with the heavy tail of amounts of money."""
    return (random.lognormal(size=n) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e) + shift


def yes(random: np.random.Generator, n: int, shift: float) -> Floats:
    """A rate of 0.3, whose standard deviation is 0.46."""
    return (random.random(n) < 0.3 + 0.46 * shift).astype(float)


def pairs(random: np.random.Generator, n: int, shift: float) -> Floats:
    """Two columns, of which the first moves."""
    return random.normal([shift, 0.0], size=(n, 2))


def codes(random: np.random.Generator, n: int, shift: float) -> Floats:
    """Four categories, of which the last becomes frequent."""
    return np.digitize(random.normal(shift, size=(n, 1)), [-0.7, 0.0, 0.7]).astype(float)


def probabilities(random: np.random.Generator, n: int, shift: float) -> Floats:
    """What a model of two classes answers, less certain or more."""
    sure = 1 / (1 + np.exp(-random.normal(2 * shift, size=n)))
    return np.column_stack([sure, 1 - sure])


def stream_here(name: str, run: int) -> Start:
    """A detector of this process, that knows the reference's mean and standard deviation."""
    detector = detectors.find(name)
    assert isinstance(detector, Online)

    def start(reference: Floats) -> Alarms:
        known = {"expected_run": run, "center": float(reference.mean()), "scale": float(reference.std())}
        begun = detector.start(detector.settings(known))
        return lambda stream: _rows(detector.advance(begun, stream)[1].details)

    return start


def stream_of_alibi(name: str, run: int, answer: Answer) -> Start:
    """A detector of alibi-detect, that simulates its thresholds from the reference, which takes it seconds."""
    settings = detectors.find(name).settings({"expected_run": run, "simulations": 10 * run})

    def start(reference: Floats) -> Alarms:
        known = reference[:, None]
        begun = answer(_job(name, settings, known, known[:0]))["state"]
        return lambda stream: _rows(answer(_job(name, settings, known, stream[:, None], begun))["details"])

    return start


def _rows(details: dict[str, Any]) -> list[int]:
    return [alarm["row"] for alarm in details["alarms"]]


def samples_here(name: str, given: dict[str, Any]) -> Drifted:
    """A comparison of ours."""
    detector = detectors.find(name)
    assert isinstance(detector, Offline)
    settings = detector.settings(given)

    def drifted(reference: Floats, window: Floats) -> bool:
        tables = [{str(place): column for place, column in enumerate(rows.T)} for rows in (reference, window)]
        return detector.compare(settings, *tables).decision == "drift"

    return drifted


def samples_of_alibi(name: str, given: dict[str, Any], answer: Answer) -> Drifted:
    """A comparison of alibi-detect."""
    settings = detectors.find(name).settings(given)
    return lambda reference, window: answer(_job(name, settings, reference, window))["verdict"] == "drift"


def _job(name: str, settings: dict[str, Any], reference: Floats, window: Floats, state: Any = None) -> dict[str, Any]:
    arrays = {"reference": reference.tolist(), "window": window.tolist()}
    return {"detector": name, "settings": settings, "state": state, **arrays}


@contextlib.contextmanager
def alibi() -> Iterator[Answer]:
    """alibi-detect in its own environment; what it is asked in the block, it answers."""
    command = [str(processes.ALIBI / "bin" / "python"), "-W", "ignore", "-m", "benchmarks.rig.alibi_looks"]
    with subprocess.Popen(
        command,
        cwd=processes.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def answer(job: dict[str, Any]) -> Any:
            print(json.dumps(job), file=stdin, flush=True)
            return json.loads(stdout.readline())

        yield answer  # leaving closes its input, which ends it
