"""Reading estimates in tests."""

from monitoring.measures.estimate import Estimate


def bounds(one: Estimate) -> tuple[float, float]:
    """The interval of an estimate that must have one."""
    assert one.low is not None
    assert one.high is not None
    return one.low, one.high


def width(one: Estimate) -> float:
    """How far the interval reaches from end to end."""
    low, high = bounds(one)
    return high - low


def holds(one: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth."""
    low, high = bounds(one)
    return low <= truth <= high
