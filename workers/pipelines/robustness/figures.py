"""What is left of a model's figures on perturbed or reweighted rows, each with its interval, and what was lost."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from monitoring.measures import resampling
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame
from workers.pipelines.evaluation import figures
from workers.pipelines.evaluation.figures import Truth
from workers.pipelines.evaluation.subject import REGRESSION, Answers, Subject
from workers.pipelines.matrices import Inputs
from workers.pipelines.robustness import perturbed

Floats = np.ndarray[Any, np.dtype[np.float64]]
KEPT = {
    "binary_classification": ("roc_auc", "accuracy", "brier"),
    "multiclass_classification": ("accuracy", "f1_macro", "log_loss"),
    "regression": ("mae", "rmse", "r2"),
}
PAIRED = "paired bootstrap over rows, percentile"
REWEIGHTED = "self-normalised weights, bootstrap over rows, percentile"


def of(
    subject: Subject, truth: Truth, inputs: Inputs, answers: Answers, *, asked: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Iterator[Estimate]:  # fmt: skip
    """For each perturbation and level the figures on the rows made worse, and the change of the first per-row one.

    `attribute` is what was done, `group` how much of it. The intervals are of one figure each, taken alone.
    """
    before = _per_row(subject, truth, answers)
    for worse in perturbed.versions(subject, inputs, asked, seed=options["seed"]):
        theirs = subject.answers(worse.inputs)
        found = figures.performance_of(subject, truth, theirs, options=options)
        for one in found:
            if not one.attribute and one.metric in KEPT[subject.task]:
                yield replace(one, attribute=worse.what, group=worse.level)
        changed = _per_row(subject, truth, theirs) - before
        yield replace(_mean(_change(subject), changed, options, PAIRED), attribute=worse.what, group=worse.level)
    for level in asked.get("reweighting", ()):
        yield from _reweighted(subject, inputs, before, level, options)


def tilted(values: Floats, level: float) -> Floats:
    """Weights of mean 1 under which the mean of the values is `level` standard deviations higher, or nearly.

    Exponential tilting: of all weights that do so, those that change the rows' distribution least (I. Csiszar, Ann.
    Probab. 3 (1975), 146-158). A mean beyond the values' reach is approached, not reached.
    """
    spread = values.std()
    if spread == 0.0:
        return np.ones(values.size)
    standard = (values - values.mean()) / spread

    def weights(slope: float) -> Floats:
        raw = np.exp(slope * standard - np.max(slope * standard))
        return np.asarray(raw / raw.mean())

    def excess(slope: float) -> float:
        return float(np.mean(weights(slope) * standard)) - level

    return weights(20.0 if excess(20.0) < 0 else float(brentq(excess, 0.0, 20.0)))


def _reweighted(
    subject: Subject, inputs: Inputs, per_row: Floats, level: float, options: Mapping[str, Any]
) -> Iterator[Estimate]:
    """The per-row figure as it would be among rows of which one feature stands higher: covariate shift by weights."""
    for entry, start in perturbed.placed(subject):
        if entry["type"] != "numeric":
            continue
        column = inputs.features[:, start].astype(np.float64)
        weight = tilted(np.nan_to_num(column, nan=float(np.nanmean(column))), level)
        one = _weighted(_name(subject), per_row, weight, options)
        yield replace(one, attribute="reweighting", group=f"{entry['name']} +{level:g} sd")


def _weighted(metric: str, per_row: Floats, weight: Floats, options: Mapping[str, Any]) -> Estimate:
    sums = np.column_stack([weight * per_row, weight])
    frame = Frame(options["confidence"], per_row.size, {}, options["draws"], options["seed"])
    blocks = resampling.weights(per_row.size, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([block @ sums for block in blocks])
    interval = resampling.percentiles(drawn[:, 0] / drawn[:, 1], frame.confidence)
    found = frame.bootstrapped(metric, float(sums[:, 0].sum() / sums[:, 1].sum()), interval, REWEIGHTED)
    found.detail["effective_n"] = float(weight.sum() ** 2 / np.square(weight).sum())
    return found


def _per_row(subject: Subject, truth: Truth, answers: Answers) -> Floats:
    if subject.task == REGRESSION:
        return np.abs(answers.score - truth)
    return np.asarray(answers.decision == truth, dtype=np.float64)


def _name(subject: Subject) -> str:
    return "mae" if subject.task == REGRESSION else "accuracy"


def _change(subject: Subject) -> str:
    return f"{_name(subject)}_difference"


def _mean(metric: str, per_row: Floats, options: Mapping[str, Any], method: str) -> Estimate:
    frame = Frame(options["confidence"], per_row.size, {"paired": True}, options["draws"], options["seed"])
    blocks = resampling.weights(per_row.size, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([block @ per_row / per_row.size for block in blocks])
    return frame.bootstrapped(metric, float(per_row.mean()), resampling.percentiles(drawn, frame.confidence), method)
