"""Whether answers are still given for the same reasons: attributions of recent answers against those of the reference.

The size of a feature is its mean absolute attribution over rows and outputs; its share is what it is of all sizes, so
that a model whose answers become surer altogether does not look like one whose reasons changed.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from monitoring.measures import intervals, resampling
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.frame import Frame

Floats = NDArray[np.float64]

FEATURE = "feature"
BOOTSTRAP = "bootstrap over rows, percentile"
DISTANCE = "total variation of shares, reach of the bootstrap over rows"


def compare(
    values: Floats,
    reference: Floats,
    features: Sequence[str],
    *,
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> list[Estimate]:
    """The distance between the shares, the rank correlation of the sizes, and each feature's share, in this order.

    values: (rows, features, outputs). reference: the features' sizes, (features,). The distance is the share of all
    attributions that stands elsewhere than before, from 0 to 1; it is a norm, to which noise only adds, so its interval
    reaches as far as the resampled shares lie from the window's own. Raises ValueError on sizes that are all 0.
    """
    sizes = np.abs(values).mean(axis=2)
    before, now = _shares(reference), _shares(sizes.mean(axis=0))
    frame = Frame(confidence, len(sizes), {}, draws, seed)
    blocks = resampling.weights(len(sizes), draws=draws, seed=seed)
    drawn = np.concatenate([_shares(block @ sizes / len(sizes)) for block in blocks])
    return [
        _distance(before, now, drawn, frame),
        _ranks(before, now, drawn, frame),
        *_each(before, now, drawn, features, frame),
    ]


def reasons(contributions: Floats, features: Sequence[str], *, confidence: float = 0.95) -> list[Estimate]:
    """What spoke most against rows (rows, features): the share of rows of which each feature is the top reason.

    Ordered by how often; a row against which nothing spoke has none. The intervals hold together.
    """
    if not len(contributions):
        return []
    spoken = contributions.min(axis=1) < 0
    counts = np.bincount(contributions.argmin(axis=1)[spoken], minlength=len(features)).tolist()
    each, n = intervals.bonferroni(confidence, len(features)), len(contributions)
    ordered = sorted(zip(features, counts, strict=True), key=lambda one: (-one[1], one[0]))
    return [
        Estimate("top_reason", count / n, *intervals.wilson(count, n, each), each, n, "Wilson", FEATURE, name)
        for name, count in ordered
    ]


def _distance(before: Floats, now: Floats, drawn: Floats, frame: Frame) -> Estimate:
    value = float(np.abs(now - before).sum() / 2.0)
    reach = float(np.quantile(np.abs(drawn - now).sum(axis=1) / 2.0, frame.confidence))
    return frame.bootstrapped(
        "attribution_distance", value, (max(0.0, value - reach), min(1.0, value + reach)), DISTANCE
    )


def _ranks(before: Floats, now: Floats, drawn: Floats, frame: Frame) -> Estimate:
    """Spearman's, as the stability of the order of the features."""
    metric = "rank_stability"
    if before.size < 3:
        return frame.undefined(metric, BOOTSTRAP, "fewer than three features")
    sampled = np.array([_spearman(before, one) for one in drawn])
    value = _spearman(before, now)
    if np.isnan(value):
        return frame.undefined(metric, BOOTSTRAP, "all features are of one size")
    return frame.bootstrapped(metric, value, resampling.percentiles(sampled, frame.confidence), BOOTSTRAP)


def _each(before: Floats, now: Floats, drawn: Floats, features: Sequence[str], frame: Frame) -> Iterator[Estimate]:
    for place, name in enumerate(features):
        low, high = resampling.percentiles(drawn[:, place], frame.confidence) or (None, None)
        detail: Detail = {"reference": float(before[place])}
        yield Estimate(
            "attribution_share",
            float(now[place]),
            low,
            high,
            frame.confidence,
            frame.n,
            BOOTSTRAP,
            FEATURE,
            name,
            detail,
        )


def _shares(sizes: Floats) -> Floats:
    total = sizes.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        raise ValueError("no feature adds anything to any answer")
    shares: Floats = sizes / total
    return shares


def _spearman(first: Floats, second: Floats) -> float:
    ranks = [rankdata(one) for one in (first, second)]
    if any(one.std() == 0 for one in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])
