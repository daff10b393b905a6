"""Ranks of one sample in another against numpy's search."""

import numpy as np
import pytest
from hypothesis import given, settings

from monitoring.kernels.pairs import SMALL, Ranks
from tests.monitoring.kernels.columns import Floats, normal, paired, present


def obvious(sample: Floats, other: Floats) -> tuple[list[int], list[int]]:
    values, ordered = np.unique(sample[np.isfinite(sample)]), np.sort(other[~np.isnan(other)])
    return tuple(np.searchsorted(ordered, values, side=side).tolist() for side in ("left", "right"))


def plain(ranks: Ranks) -> tuple[list[int], list[int]]:
    return ranks.below.tolist(), ranks.within.tolist()


@settings(max_examples=300, deadline=None)
@given(present, present)
def test_ranks_with_ties_and_infinities_are_those_of_a_search(reference: Floats, window: Floats) -> None:
    samples = paired(reference, window)
    assert plain(samples.window_ranks) == obvious(window, reference)
    assert plain(samples.reference_ranks) == obvious(reference, window)


@pytest.mark.parametrize("sizes", [(5_000, 5_000), (5_000, 3), (3, 5_000), (SMALL * 100, 99), (SMALL * 100, 101)])
@pytest.mark.parametrize("shift", [0.0, 0.5, 20.0, -20.0])
@pytest.mark.parametrize("digits", [1, 9])
def test_ranks_of_all_sizes_and_shifts_are_those_of_a_search(sizes: tuple[int, int], shift: float, digits: int) -> None:
    reference, window = normal(1, sizes[0]).round(digits), normal(2, sizes[1], shift).round(digits)
    samples = paired(reference, window)
    assert plain(samples.window_ranks) == obvious(window, reference)
    assert plain(samples.reference_ranks) == obvious(reference, window)
