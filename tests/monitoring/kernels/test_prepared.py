"""Columns made ready: what is kept, what is counted apart, and which precision is compared."""

import numpy as np
import pytest
from hypothesis import given, settings

from monitoring.kernels import ks, wasserstein
from monitoring.kernels.pairs import pair
from monitoring.kernels.prepared import SHARED, Prepared, prepare
from tests.monitoring.kernels.columns import Floats, anything, paired

NANOSECONDS = 1_700_000_000_000_000_000


def parts(made: Prepared) -> tuple[list[float], list[int], int, int, int, int]:
    return made.values.tolist(), made.upto.tolist(), made.n, made.missing, made.low, made.high


def test_prepare_of_everything_at_once_counts_apart_and_joins_ties() -> None:
    made = prepare([2.0, np.nan, -np.inf, 1.0, 2.0, np.inf, np.inf, -0.0, 0.0])
    assert parts(made) == ([0.0, 1.0, 2.0, np.inf], [1, 3, 4, 6], 8, 1, 1, 2)


@settings(max_examples=100, deadline=None)
@given(anything)
def test_prepare_keeps_every_row(column: Floats) -> None:
    made = prepare(column)
    rebuilt = np.repeat(made.values[:-1], np.diff(made.upto)).tolist()
    assert [-np.inf] * made.low + rebuilt + [np.inf] * made.high + [made.missing] == [
        *np.sort(column[~np.isnan(column)]).tolist(),
        np.isnan(column).sum(),
    ]


@pytest.mark.parametrize("column", [[], [np.nan], [np.nan, np.nan]])
def test_prepare_of_no_present_row_is_empty_and_no_sample_to_compare(column: list[float]) -> None:
    made = prepare(column)
    assert (made.n, made.missing) == (0, len(column))
    with pytest.raises(ValueError, match="empty"):
        pair(made, prepare([1.0]))
    with pytest.raises(ValueError, match="empty"):
        pair(prepare([1.0]), made)


@pytest.mark.parametrize("size", [SHARED - 1, SHARED])
def test_prepare_of_many_distinct_values_counts_each(size: int) -> None:
    made = prepare(np.random.default_rng(0).permutation(size))
    assert (made.values[:-1] == np.arange(size)).all()
    assert (made.upto == np.arange(size + 1)).all()


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", ">f8"])
def test_prepare_of_any_number_type_holds_its_values(dtype: str) -> None:
    assert prepare(np.array([1, 0, 1, 0, 0]).astype(dtype)).values.tolist() == [0.0, 1.0, np.inf]


@pytest.mark.parametrize("column", [["a"], np.array(["2020-01-01"], "M8[ns]"), np.array([1j]), np.array([None])])
def test_prepare_of_no_numbers_is_refused(column: object) -> None:
    with pytest.raises(TypeError, match="numbers"):
        prepare(column)  # type: ignore[arg-type]


def test_prepare_of_a_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        prepare([[1.0]])


def test_prepare_of_read_only_strided_columns_leaves_them_alone() -> None:
    matrix = np.arange(12.0)[::-1].reshape(4, 3)
    matrix.flags.writeable = False
    assert prepare(matrix[:, 1]).values.tolist() == [1.0, 4.0, 7.0, 10.0, np.inf]
    assert matrix[0, 1] == 10.0


@pytest.mark.parametrize("start", [NANOSECONDS, -NANOSECONDS, 2**63 - 5_000, -(2**63)])
def test_ids_above_two_to_the_53_stay_distinct(start: int) -> None:
    reference = start + np.arange(1_000) if start < 2**63 - 5_000 else np.arange(start, start + 1_000, dtype=np.int64)
    assert prepare(reference).values.size == 1_001
    samples = paired(reference, reference + 1)
    assert ks.compare(samples).statistic == 1 / 1_000
    assert wasserstein.compare(samples).statistic == 1.0


def test_unsigned_ids_beyond_int64_stay_distinct() -> None:
    reference = np.uint64(2**64 - 2_000) + np.arange(1_000, dtype=np.uint64)
    assert wasserstein.compare(paired(reference, reference + np.uint64(3))).statistic == 3.0


def test_ids_of_a_window_far_from_the_reference_are_apart() -> None:
    samples = paired(np.full(10, 2**63 - 1), np.full(10, -(2**63)))
    assert ks.compare(samples).statistic == 1.0
    assert wasserstein.compare(samples).statistic == 2.0**64


def test_ids_that_gaps_made_floats_are_compared_as_floats() -> None:
    reference = NANOSECONDS + 100 * np.arange(1_000)
    window = np.append(reference.astype(np.float64), np.nan)
    found = ks.compare(paired(reference, window))
    assert (found.statistic, found.missing) == (0.0, 1)


def test_window_not_prepared_like_its_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="like the reference"):
        pair(prepare([NANOSECONDS]), prepare([1]))


@pytest.mark.parametrize("turned", [False, True])
def test_float32_and_float64_of_one_column_are_equal(turned: bool) -> None:
    column = np.random.default_rng(0).normal(size=1_000).round(1)
    both = [column, column.astype(np.float32)]
    assert ks.compare(paired(*reversed(both) if turned else both)).statistic == 0.0


def test_values_too_large_for_the_coarser_type_stay_the_largest() -> None:
    samples = paired(np.array([1e300, -1e300, 0.5]), np.array([0.5], np.float32))
    assert samples.reference.upto.tolist() == [0, 1, 2, 3]
    assert ks.compare(samples).statistic == pytest.approx(1 / 3)
