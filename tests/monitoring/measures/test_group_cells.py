"""Counting rows by group, decision and label: against a plain loop, in chunks, and at sizes that do not fit a table."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from monitoring.measures import group_cells
from monitoring.measures.group_cells import Cells, Coded

row = st.tuples(
    st.sampled_from(["1", "2", "10", None]), st.sampled_from(["x", None]), st.integers(0, 1), st.integers(0, 2)
)


def counted(rows: list[Any]) -> Cells:
    first, second, decision, label = zip(*rows, strict=True) if rows else ([], [], [], [])
    groups = {"A": np.array(first, object), "B": np.array(second, object)}
    return group_cells.count(decision, groups, np.array([np.nan if one == 2 else one for one in label], float))


def as_counter(cells: Cells) -> Counter[tuple[str, str, int, int]]:
    found: Counter[tuple[str, str, int, int]] = Counter()
    for codes, table in zip(cells.combinations.tolist(), cells.counts, strict=True):
        named = [levels[code] for levels, code in zip(cells.levels, codes, strict=True)]
        for decision, label in np.argwhere(table).tolist():
            found[named[0], named[1], decision, label] = int(table[decision, label])
    return found


@settings(max_examples=50, deadline=None)
@given(st.lists(row, max_size=40))
def test_count_equals_a_plain_loop(rows: list[Any]) -> None:
    expected = Counter((a or "unknown", b or "unknown", decision, label) for a, b, decision, label in rows)
    assert as_counter(counted(rows)) == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(row, max_size=40), st.integers(0, 40))
def test_merged_chunks_equal_the_whole_in_any_order(rows: list[Any], cut: int) -> None:
    whole = counted(rows)
    orders: list[list[list[Any]]] = [[rows[:cut], rows[cut:]], [rows[cut:], [], rows[:cut]]]
    for chunks in orders:
        found = group_cells.merged(counted(chunk) for chunk in chunks)
        assert (found.names, found.levels, found.labelled) == (whole.names, whole.levels, True)
        assert (found.combinations.tolist(), found.counts.tolist()) == (
            whole.combinations.tolist(),
            whole.counts.tolist(),
        )


def test_merge_of_different_attributes_or_of_nothing_is_refused() -> None:
    one, other = (group_cells.count([1], {name: ["x"]}) for name in "AB")
    refused: list[list[Cells]] = [[one, other], []]
    for chunks in refused:
        with pytest.raises(ValueError, match="the chunks differ"):
            group_cells.merged(chunks)


def test_levels_stand_in_one_order_numbers_by_size_and_unknown_last() -> None:
    cells = group_cells.count([1] * 5, {"A": np.array(["b", None, "10", "9", "a"], object)})
    assert cells.levels == (("9", "10", "a", "b", "unknown"),)


@pytest.mark.parametrize(
    "values",
    [
        np.array(["x", "y", None, "x"], object),
        pd.Series(["x", "y", None, "x"]),
        pd.Series(["x", "y", None, "x"], dtype="category"),
        Coded(("x", "y", "unknown"), np.array([0, 1, 2, 0], np.uint8)),
    ],
)
def test_strings_a_data_frames_column_and_codes_count_alike(values: ArrayLike | Coded) -> None:
    cells = group_cells.count([1, 0, 1, 1], {"A": values})
    assert (cells.levels, cells.combinations.tolist()) == ((("x", "y", "unknown"),), [[0], [1], [2]])
    assert cells.counts[:, :, 2].tolist() == [[0, 2], [1, 0], [0, 1]]


def test_combinations_beyond_every_table_are_counted_all_the_same() -> None:
    generator = np.random.default_rng(0)
    columns = {name: generator.integers(0, 300, 2_000) for name in "ABCDE"}
    decision = generator.integers(0, 2, 2_000)
    cells = group_cells.count(decision, columns)
    assert len(cells.combinations) == len(set(zip(*columns.values(), strict=True)))
    by_b = group_cells.attributes(cells, least_share=0.0)[1]
    expected = Counter(columns["B"][decision == 1].tolist())
    assert by_b.counts[:, 1].sum(axis=1).tolist() == [expected[int(level)] for level in by_b.levels]


def test_as_many_levels_as_a_byte_has_values_are_counted() -> None:
    cells = group_cells.count([1] * 512, {"A": np.arange(512) % 256, "B": [0] * 512})
    assert cells.counts[:, 1, 2].tolist() == [2] * 256


def test_rows_of_an_attribute_are_its_groups_codes() -> None:
    columns = group_cells.columns_of({"A": ["x", "y", "x", "x"], "B": [2, 2, 1, 2]})
    both = group_cells.attributes(group_cells.count([1] * 4, columns), least_share=0.0)[2]
    assert (both.levels, both.rows(list(columns.values())).tolist()) == (["x+1", "x+2", "y+2"], [1, 2, 0, 1])


@pytest.mark.parametrize("codes", [np.array([0, 2], np.uint8), np.array([0, -1])])
def test_codes_beyond_their_levels_are_refused(codes: Any) -> None:
    with pytest.raises(ValueError, match="codes beyond"):
        group_cells.count([1, 0], {"A": Coded(("x", "y"), codes)})


def test_resampled_counts_have_the_moments_of_rows_drawn_with_replacement() -> None:
    cells = group_cells.count(np.repeat([1, 0], [300, 700]), {"A": np.tile(["x", "y"], 500)})
    counts = group_cells.attributes(cells, least_share=0.0)[0].counts
    drawn = group_cells.resample(counts, draws=4_000, seed=0)
    assert set(drawn.sum(axis=(1, 2, 3)).tolist()) == {1_000}
    share = counts / 1_000
    assert drawn.mean(axis=0) == pytest.approx(counts, abs=1.5)
    assert drawn.var(axis=0) == pytest.approx(1_000 * share * (1 - share), rel=0.1)
