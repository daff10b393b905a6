"""A number or an interval against a threshold; three-valued for an interval."""

import operator
from collections.abc import Callable
from typing import Literal

Answer = Literal["pass", "fail", "inconclusive"]
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


def judge_point(op: str, value: float, threshold: float) -> Answer:
    """Pass or fail by the value alone: blind to how sure it is."""
    return "pass" if OPERATORS[op](value, threshold) else "fail"


def judge_interval(op: str, low: float, high: float, threshold: float) -> Answer:
    """Pass iff the whole interval satisfies the bound, fail iff the whole interval violates it.

    The bounds are monotone, so the two ends speak for the interval.
    """
    ends = {OPERATORS[op](low, threshold), OPERATORS[op](high, threshold)}
    if len(ends) == 2:
        return "inconclusive"
    return "pass" if True in ends else "fail"
