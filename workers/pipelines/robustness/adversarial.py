"""How little it takes to turn a decision: a black-box attack of the adversarial-robustness-toolbox on what is served.

Reference: J. Chen, M. Jordan and M. Wainwright, IEEE S&P 2020 (HopSkipJump), which sees decisions only.
An attacker moves numbers and pixels, never categories, dates or texts.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from monitoring.measures import intervals
from monitoring.measures.estimate import Estimate
from registry.serving import columns
from workers.pipelines.evaluation.figures import Truth
from workers.pipelines.evaluation.subject import REGRESSION, Subject
from workers.pipelines.matrices import Inputs
from workers.pipelines.robustness import perturbed

Floats = np.ndarray[Any, np.dtype[np.float32]]


def of(
    subject: Subject, truth: Truth, inputs: Inputs, *, asked: Mapping[str, Any], confidence: float, seed: int,
) -> list[Estimate]:  # fmt: skip
    """The share of rows decided right that stay so within each budget, with its exact interval; nothing of numbers.

    A budget is a distance in standard deviations, root mean square over the columns that may move. That no smaller one
    was found proves nothing: the attack has `queries` a row and no more.
    """
    movable = _movable(subject)
    if subject.task == REGRESSION or not movable:
        return []
    rows = np.random.default_rng(seed).permutation(len(inputs))[: asked["rows"]]
    answers = subject.answers(inputs[rows])
    spread = np.nanstd(inputs.features[:, movable], axis=0).astype(np.float32)
    spread[spread == 0.0] = 1.0
    right = rows[answers.decision == np.asarray(truth)[rows]]
    points = np.nan_to_num(inputs.features[:, movable] / spread)
    with _quiet(seed):
        reach = np.array([_reach(subject, inputs[[row]], (movable, spread), points, asked) for row in right])
    detail = {"queries": asked["queries"], "attacked": len(rows), "right": len(right)}
    if len(right):
        detail["median_distance"] = float(np.median(reach)) if np.isfinite(np.median(reach)) else "none found"
    return [
        _share(int((reach > budget).sum()), len(rows), budget, asked, confidence, detail) for budget in asked["budgets"]
    ]


def _reach(
    subject: Subject, row: Inputs, space: tuple[list[int], Floats], points: Floats, asked: Mapping[str, Any]
) -> float:
    """The distance of the nearest row found that is decided otherwise; infinite where none was.

    The attack starts from the nearest of the observed `points` that is decided otherwise, and comes nearer from there.
    """
    from art.estimators.classification import BlackBoxClassifier  # slow to import, and for attacks only

    movable, spread = space
    start = np.nan_to_num(row.features[0, movable] / spread)
    classes = max(2, len(subject.classes))

    def answered(tried: Floats) -> Floats:
        moved = Inputs(np.repeat(row.features, len(tried), axis=0), _repeated(row, len(tried)))
        moved.features[:, movable] = tried * spread
        found = subject.answers(moved)
        # Of two classes as its caller has it: decided by the threshold, not by the half.
        return np.eye(classes, dtype=np.float32)[found.decision]

    own = answered(start[None]).argmax(axis=1)
    turned = points[answered(points).argmax(axis=1) != own]
    if not len(turned):
        return float("inf")
    nearest = turned[np.square(turned - start).sum(axis=1).argmin()]
    bounds = (float(points.min()), float(points.max()))
    classifier = BlackBoxClassifier(answered, start.shape, classes, clip_values=bounds)
    found = _attack(classifier, asked, start, nearest)
    candidates = [one for one in (found, nearest) if answered(one[None]).argmax(axis=1) != own]
    return min(float(np.sqrt(np.square(one - start).mean())) for one in candidates)


def _attack(classifier: Any, asked: Mapping[str, Any], start: Floats, nearest: Floats) -> Floats:
    from art.attacks.evasion import HopSkipJump  # as above

    rounds = max(1, asked["queries"] // 100)
    jump = HopSkipJump(classifier, max_iter=rounds, max_eval=60, init_eval=20, init_size=1, verbose=False)
    return np.asarray(jump.generate(start[None], x_adv_init=nearest[None])[0])


def _movable(subject: Subject) -> list[int]:
    found: list[int] = []
    for entry, start in perturbed.placed(subject):
        if entry["type"] in ("numeric", "image"):
            found += range(start, start + columns.width(entry))
    return found


def _repeated(row: Inputs, count: int) -> Any:
    return None if row.texts is None else np.repeat(row.texts, count, axis=0)


def _share(
    kept: int, n: int, budget: float, asked: Mapping[str, Any], confidence: float, detail: dict[str, Any]
) -> Estimate:
    low, high = intervals.clopper_pearson(kept, n, confidence)
    method = f"{asked['attack']}, Clopper-Pearson"
    return Estimate(
        "adversarial_accuracy", kept / n, low, high, confidence, n, method, asked["attack"], f"{budget:g}", dict(detail)
    )


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """The toolbox draws from NumPy's global generator, which is given back as it was, and misses PyTorch aloud."""
    before: Any = np.random.get_state()
    np.random.seed(seed % 2**32)
    toolbox = logging.getLogger("art")
    level = toolbox.level
    toolbox.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="PyTorch not found", category=UserWarning)
            yield
    finally:
        toolbox.setLevel(level)
        np.random.set_state(before)
