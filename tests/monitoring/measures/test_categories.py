"""Values to level names and codes."""

import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike

from monitoring.measures import categories


@pytest.mark.parametrize(
    ("values", "levels", "codes"),
    [
        (np.array([2, 1, 2]), ["1", "2"], [1, 0, 1]),
        (np.array([2.0, np.nan, 10.0, 2.5]), ["2", "2.5", "10"], [0, -1, 2, 1]),
        (np.array(["b", "a", "b"]), ["a", "b"], [1, 0, 1]),
        (
            np.array(["b", None, float("nan"), np.float64("nan"), pd.NA, pd.NaT, 1], object),
            ["1", "b"],
            [1, *[-1] * 5, 0],
        ),
        (np.array([True, False]), ["False", "True"], [1, 0]),
        (np.array([2, 2.0, "2"], object), ["2"], [0, 0, 0]),
        (np.array([datetime.date(2020, 1, 2), None]), ["2020-01-02"], [0, -1]),
        (np.array([], float), [], []),
        (np.array([None]), [], [-1]),
        (np.array([100, -100, 100], np.int8), ["-100", "100"], [1, 0, 1]),
        (np.array([2**63 + 1, 2**63], np.uint64), [str(2**63), str(2**63 + 1)], [1, 0]),
        (np.array([-(2**63), 2**63 - 1]), [str(-(2**63)), str(2**63 - 1)], [0, 1]),
        (np.array([np.inf, 3.0, np.nan], np.float32), ["3", "inf"], [1, 0, -1]),
        (pd.Series(["b", None, "a", "b"]), ["a", "b"], [1, -1, 0, 1]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"], [1, 0, 1]),
        (pd.Series([2.0, np.nan, 10.0]), ["2", "10"], [0, -1, 1]),
        (pd.Series([10, pd.NA, 9], dtype=object), ["10", "9"], [0, -1, 1]),
    ],
)
def test_factorise_of_every_kind_of_array(values: ArrayLike, levels: list[str], codes: list[int]) -> None:
    found, coded = categories.factorise(values)
    assert (found, coded.tolist()) == (levels, codes)


def test_factorise_of_integers_and_of_floats_with_a_gap_names_levels_alike() -> None:
    whole, _ = categories.factorise(np.array([3, 1, 2]))
    gapped, _ = categories.factorise(np.array([3, 1, 2, np.nan]))
    assert whole == gapped
