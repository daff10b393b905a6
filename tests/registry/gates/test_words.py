"""Numbers and sentences for people."""

import pytest

from registry.gates import words
from registry.gates.policy import BoundRequirement, FieldRequirement


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        (0.8, 0.8, "0.80"),
        (0.7996, 0.8, "0.7996"),
        (0.79996, 0.8, "0.79996"),
        (0.784, 0.8, "0.78"),
        (-0.001, None, "0.00"),
        (-0.0196, -0.02, "-0.0196"),
        (float("inf"), 0.8, "inf"),
    ],
)
def test_number_near_a_threshold_never_looks_like_it(value: float, threshold: float | None, text: str) -> None:
    assert words.number(value, threshold) == text


@pytest.mark.parametrize(("value", "text"), [(0.8, "0.80"), (-0.005, "-0.005"), (1, "1.00"), (0.123456, "0.123456")])
def test_limit_is_never_rounded(value: float, text: str) -> None:
    assert words.limit(value) == text


@pytest.mark.parametrize(
    ("require", "text"),
    [
        (BoundRequirement("lower", ">=", 0.8, 0.95), "95 % lower bound >= 0.80"),
        (BoundRequirement("interval", "<", 0.1, 0.999), "99.9 % interval < 0.10"),
        (BoundRequirement("point", ">", 0.5), "value > 0.50"),
        (FieldRequirement("verified", (True,)), "verified is true"),
        (
            FieldRequirement("verdict", ("bit_identical", "within_tolerance")),
            "verdict is bit_identical or within_tolerance",
        ),
        (FieldRequirement("v", ("x" * 99,)), "v is " + "x" * 54 + "…"),
    ],
)
def test_threshold_fits_a_table(require: BoundRequirement | FieldRequirement, text: str) -> None:
    assert words.threshold(require) == text


def test_tally_puts_the_gravest_first() -> None:
    verdicts = ["pass", "pass", "inconclusive", "fail", "fail", "skipped", "waived", "stale", "not_evaluable"]
    assert words.tally(verdicts, "gate") == (
        "2 gates fail, 1 is stale, 1 cannot be judged, 1 is inconclusive, 1 is waived, 2 pass, 1 is skipped"
    )
