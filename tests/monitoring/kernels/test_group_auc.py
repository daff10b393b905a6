"""The area under the ROC curve by group, against scikit-learn and a count of every pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from monitoring.kernels import group_auc

rows = st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 2)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_misplaced_pairs_equal_a_count_of_every_pair(drawn: list[tuple[int, bool, int]]) -> None:
    ordered = sorted(drawn, key=lambda row: row[0])
    columns = [list(one) for one in zip(*ordered, strict=True)] or [[], [], []]
    found = group_auc.misplaced(np.array(columns[0], float), np.array(columns[1], bool), np.array(columns[2], int), 3)
    for group in range(3):
        highs, lows = ([s for s, p, g in drawn if g == group and p == wanted] for wanted in (True, False))
        wrong = np.zeros((len(highs), len(lows)), int)
        for place in np.ndindex(wrong.shape):
            high, low = highs[place[0]], lows[place[1]]
            wrong[place] = 2 * (low > high) + (low == high)
        squares = [float((wrong.sum(axis=axis) ** 2).sum()) for axis in (1, 0)]
        assert [int(one[group]) for one in found[:3]] == [len(highs), len(lows), int(wrong.sum())]
        assert [one[group] for one in found[3:]] == squares


def test_area_of_each_group_equals_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    score = np.sort(generator.normal(size=5_000).round(2))
    positive, group = generator.random(5_000) < 1 / (1 + np.exp(-score)), generator.integers(0, 4, 5_000)
    positives, negatives, wrong, *_ = group_auc.misplaced(score, positive, group, 4)
    areas = 1.0 - wrong / (2.0 * positives * negatives)
    expected = [roc_auc_score(positive[group == one], score[group == one]) for one in range(4)]
    assert areas == pytest.approx(expected, abs=1e-14)


def test_infinite_scores_are_ordinary_ties() -> None:
    score = np.array([-np.inf, -np.inf, 0.0, np.inf, np.inf])
    found = group_auc.misplaced(score, np.array([True, False, True, True, False]), np.zeros(5, int), 1)
    assert [int(one[0]) for one in found[:3]] == [3, 2, 1 + 2 + 2 + 1]
