"""Numbers and intervals against a threshold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.gates import intervals


@pytest.mark.parametrize(
    ("op", "low", "high", "answer"),
    [
        (">=", 0.8, 0.9, "pass"),
        (">=", 0.79, 0.8, "inconclusive"),
        (">=", 0.7, 0.79, "fail"),
        (">", 0.8, 0.9, "inconclusive"),
        (">", 0.7, 0.8, "fail"),
        ("<=", 0.7, 0.8, "pass"),
        ("<=", 0.8, 0.9, "inconclusive"),
        ("<", 0.7, 0.8, "inconclusive"),
        ("<", 0.8, 0.9, "fail"),
        (">=", 0.8, 0.8, "pass"),
    ],
)
def test_judge_interval_around_the_threshold_is_three_valued(op: str, low: float, high: float, answer: str) -> None:
    assert intervals.judge_interval(op, low, high, 0.8) == answer


FINITE = st.floats(allow_nan=False, allow_infinity=False)
OPS = st.sampled_from(sorted(intervals.OPERATORS))


@given(op=OPS, ends=st.tuples(FINITE, FINITE).map(sorted), threshold=FINITE, share=st.floats(0, 1))
def test_judge_interval_is_exactly_one_of_three(op: str, ends: list[float], threshold: float, share: float) -> None:
    low, high = ends
    inside = min(max(low * (1 - share) + high * share, low), high)
    holds = intervals.OPERATORS[op]
    every = holds(low, threshold) and holds(high, threshold) and holds(inside, threshold)
    none = not (holds(low, threshold) or holds(high, threshold) or holds(inside, threshold))
    wanted = {(True, False): "pass", (False, True): "fail", (False, False): "inconclusive"}[every, none]
    assert intervals.judge_interval(op, low, high, threshold) == wanted


@given(op=OPS, ends=st.tuples(FINITE, FINITE).map(sorted), threshold=FINITE, share=st.floats(0, 1))
def test_judge_interval_when_sure_agrees_with_every_point_inside(
    op: str, ends: list[float], threshold: float, share: float
) -> None:
    low, high = ends
    inside = min(max(low * (1 - share) + high * share, low), high)
    answer = intervals.judge_interval(op, low, high, threshold)
    assert answer in (intervals.judge_point(op, inside, threshold), "inconclusive")


# The impact ratio of "two or more races" of one model's predictions in 2015 to 2018, with 95 % intervals.
YEARS = [(0.726, 0.686, 0.768), (0.802, 0.757, 0.849), (0.713, 0.670, 0.758), (0.784, 0.741, 0.829)]


def test_point_gate_on_four_years_tosses_a_coin() -> None:
    answers = [intervals.judge_point(">=", value, 0.8) for value, _, _ in YEARS]
    assert answers == ["fail", "pass", "fail", "fail"]


def test_interval_gate_on_four_years_says_what_it_does_not_know() -> None:
    answers = [intervals.judge_interval(">=", low, high, 0.8) for _, low, high in YEARS]
    assert answers == ["fail", "inconclusive", "fail", "inconclusive"]
