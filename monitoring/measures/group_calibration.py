"""Whether the probabilities given to the people of each group come true as often as they say."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.measures import intervals, performance
from monitoring.measures.estimate import Estimate
from monitoring.measures.fairness import Settings
from monitoring.measures.family import Member

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

BINS = 10
ERROR_METHOD = "ten equal bins, norm of normal errors, simultaneous by Sidak"
BIAS_METHOD = "normal, simultaneous by Sidak"


def calibration(
    parts: Sequence[Member], codes: Integers, answers: tuple[Flags, Floats], settings: Settings
) -> Iterator[Estimate]:
    """Each group's calibration_error and calibration_bias from its rows' codes, labels and scores.

    The bias is the mean score minus the share of positives: above 0 the group's risk is overstated.
    """
    positive, score = answers
    if score.size and not performance.are_probabilities(score):
        for part in parts:
            yield part.undefined("calibration_error", ERROR_METHOD, performance.NOT_PROBABILITIES)
            yield part.undefined("calibration_bias", BIAS_METHOD, performance.NOT_PROBABILITIES)
        return
    gaps, variances = _gaps(codes, positive, score, len(parts))
    sizes = np.array([[part.n] for part in parts], np.float64)
    normal = np.random.default_rng(settings.seed).normal(size=(settings.draws, BINS))
    for part, gap, variance in zip(parts, gaps / sizes, variances / sizes**2, strict=True):
        value = float(np.abs(gap).sum())
        # It is a norm, to which noise only adds: its interval reaches as far as the norm of the error does.
        reach = float(np.quantile(np.abs(normal * np.sqrt(variance)).sum(axis=1), part.each))
        yield part.estimate(
            "calibration_error", ERROR_METHOD, value, (max(0.0, value - reach), min(1.0, value + reach))
        )
        bias, error = -float(gap.sum()), intervals.normal_quantile(part.each) * math.sqrt(float(variance.sum()))
        yield part.estimate("calibration_bias", BIAS_METHOD, bias, (max(-1.0, bias - error), min(1.0, bias + error)))


def _gaps(codes: Integers, positive: Flags, score: Floats, groups: int) -> tuple[Floats, Floats]:
    """Per group and tenth of [0, 1]: the sum of label - score, and the variance of that sum, (groups, bins)."""
    cell = codes * BINS + np.minimum((score * BINS).astype(np.int64), BINS - 1)
    gap = positive - score
    # Where a rare event has not been seen yet the squares of the gaps know nothing of it, but the scores do.
    sums = [np.bincount(cell, one, groups * BINS) for one in (gap, np.square(gap), score * (1.0 - score))]
    gaps, seen, promised = np.array(sums, np.float64).reshape(3, groups, BINS)
    return gaps, np.maximum(seen, promised)
