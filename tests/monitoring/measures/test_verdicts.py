"""Three-valued verdicts on estimates and on families of them."""

import pytest

from monitoring.measures import verdicts
from monitoring.measures.estimate import Estimate
from monitoring.measures.verdicts import Verdict


def ratio(low: float | None, high: float | None, group: str = "2", **detail: bool | str) -> Estimate:
    value = None if low is None or high is None else (low + high) / 2
    return Estimate("impact_ratio", value, low, high, 0.95, 500, "bootstrap", "SEX", group, dict(detail))


@pytest.mark.parametrize(
    ("op", "low", "high", "answer", "told"),
    [
        (">=", 0.80, 0.90, "pass", "is 0.850 [0.800, 0.900]: the whole interval is at or above 0.8."),
        (">=", 0.70, 0.79, "fail", "is 0.745 [0.700, 0.790]: the whole interval is below 0.8."),
        (
            ">=",
            0.70,
            0.90,
            "inconclusive",
            "is 0.800 [0.700, 0.900]: the interval holds 0.8, so nothing is shown either",
        ),
        ("<=", 0.70, 0.80, "pass", "is 0.750 [0.700, 0.800]: the whole interval is at or below 0.8."),
        ("<", 0.80, 0.90, "fail", "is 0.850 [0.800, 0.900]: the whole interval is at or above 0.8."),
    ],
)
def test_verdict_is_what_the_whole_interval_shows(op: str, low: float, high: float, answer: str, told: str) -> None:
    found = verdicts.against(ratio(low, high), op, 0.8)
    assert (found.answer, found.reason.startswith(f"Impact ratio of SEX group 2 {told}")) == (answer, True)


def test_verdict_on_an_undefined_estimate_is_inconclusive() -> None:
    assert verdicts.against(ratio(None, None, reason="no one is selected"), ">=", 0.8) == Verdict(
        "inconclusive", "Impact ratio of SEX group 2 is undefined: no one is selected."
    )


def test_verdict_on_a_summary_names_its_attribute_only() -> None:
    whole = Estimate("equalized_odds_difference", 0.01, 0.0, 0.02, 0.95, 500, "bootstrap", "SEX")
    assert verdicts.against(whole, "<=", 0.1).reason.startswith("Equalized odds difference of SEX is 0.010 [")


@pytest.mark.parametrize(
    ("family", "answer", "group"),
    [
        ([(0.9, 1.0), (0.81, 0.9)], "pass", "0"),
        ([(0.9, 1.0), (0.7, 0.9)], "inconclusive", "1"),
        ([(0.7, 0.9), (0.5, 0.7), (None, None)], "fail", "1"),
    ],
)
def test_family_is_as_good_as_its_worst_group(family: list[tuple[float, float]], answer: str, group: str) -> None:
    found = verdicts.together([ratio(*one, group=str(place)) for place, one in enumerate(family)], ">=", 0.8)
    assert (found.answer, f"group {group} is" in found.reason) == (answer, True)


def test_excluded_groups_have_no_say() -> None:
    small = ratio(0.1, 0.2, excluded=True)
    assert verdicts.together([ratio(0.9, 1.0), small], ">=", 0.8).answer == "pass"
    assert verdicts.together([small], ">=", 0.8) == Verdict("inconclusive", "No group is large enough to compare.")
