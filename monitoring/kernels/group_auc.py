"""Area under the ROC curve of each group, with the moments of its variance, in one walk over rows sorted once.

Reference: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), 837-845. Checked against
sklearn.metrics.roc_auc_score and the midrank form.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@compiled
def misplaced(
    score: Floats, positive: NDArray[np.bool_], group: NDArray[Any], groups: int
) -> tuple[Integers, Integers, Integers, Floats, Floats]:
    """Of rows by ascending score, without NaN, per group: positives, negatives, and how often one stands wrong.

    A positive below a negative counts 2, one tied with it 1. The third array has that sum over all pairs, exact below
    2^63; the fourth the sum over positives of the square of each one's count, the fifth the same over negatives. So the
    area is 1 - misplaced / (2 positives negatives), and 1 exactly where nothing is misplaced.
    """
    counts = np.zeros((2, groups), np.int64)
    for row in range(score.size):
        counts[np.int64(positive[row]), group[row]] += 1
    passed = np.zeros((2, groups), np.int64)  # negatives and positives at lower scores
    tied = np.zeros((2, groups), np.int64)  # those at the score in `last`
    last = np.zeros(groups)
    total = np.zeros(groups, np.int64)
    squares = np.zeros((2, groups))
    for row in range(score.size + groups):
        # Behind the last row each group's last ties are closed.
        g = np.int64(group[row]) if row < score.size else row - score.size
        if row >= score.size or score[row] != last[g]:
            negatives, positives = tied[0, g], tied[1, g]
            above = 2 * (counts[0, g] - passed[0, g]) - negatives
            below = 2 * passed[1, g] + positives
            total[g] += positives * above
            squares[1, g] += float(positives) * float(above) * float(above)
            squares[0, g] += float(negatives) * float(below) * float(below)
            for kind in range(2):
                passed[kind, g] += tied[kind, g]
                tied[kind, g] = 0
            if row < score.size:
                last[g] = score[row]
        if row < score.size:
            tied[np.int64(positive[row]), g] += 1
    return counts[1], counts[0], total, squares[1], squares[0]


def warm() -> None:
    """Compile or load the walk."""
    misplaced(np.zeros(2), np.array([True, False]), np.zeros(2, np.int64), 1)
