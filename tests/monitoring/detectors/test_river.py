"""river's detectors behind the door: their thresholds, and what becomes of a state that is none."""

from typing import Any

import numpy as np
import pytest

from monitoring import detectors
from monitoring.detectors.online import Online
from monitoring.detectors.river.page_hinkley import _threshold
from registry.errors import Invalid

VALUES = np.random.default_rng(5).normal(size=400)
NAMES = ("river.adwin", "river.kswin", "river.page_hinkley")


def online(name: str) -> Online:
    detector = detectors.find(name)
    assert isinstance(detector, Online)
    return detector


def state_of(name: str, **given: Any) -> dict[str, Any]:
    detector = online(name)
    return detector.advance(detector.start(detector.settings(given)), VALUES)[0]


@pytest.mark.parametrize(
    ("allowance", "threshold", "run"),
    [(0.25, 8.01, 368.0), (0.5, 4.77, 370.0), (0.5, 5.0, 465.0 * 2), (1.0, 2.52, 371.0)],
)
def test_threshold_agrees_with_published_average_run_lengths(allowance: float, threshold: float, run: float) -> None:
    """Of two-sided sums, D. C. Montgomery, Introduction to Statistical Quality Control, table 9.4 (run 370), and of a
    one-sided sum with 5 (table 9.3: 465 for two sides). Siegmund's formula is good to a few percent."""
    sides = 1 if threshold == 5.0 else 2
    assert _threshold(allowance, sides * run) == pytest.approx(threshold, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_unit_does_not_matter(name: str) -> None:
    detector = online(name)
    moved = np.concatenate([VALUES, VALUES + 2])
    plain = detector.advance(detector.start(detector.settings({})), moved)[1]
    settings = detector.settings({"center": 1000.0, "scale": 0.25})
    scaled = detector.advance(detector.start(settings), 1000 + 0.25 * moved)[1]
    assert plain.decision == "drift"
    assert [one["row"] for one in scaled.details["alarms"]] == [one["row"] for one in plain.details["alarms"]]


@pytest.mark.parametrize("name", NAMES)
def test_state_of_another_version_is_refused(name: str) -> None:
    state = state_of(name) | {"library": "river 0.1"}
    with pytest.raises(Invalid) as refused:
        online(name).advance(state, VALUES)
    assert refused.value.problems[0].pointer == "/state"
    assert refused.value.problems[0].detail.startswith(f"is of {name} in river 0.1, not of {name} in river ")


@pytest.mark.parametrize("name", NAMES)
def test_state_of_another_detector_is_refused(name: str) -> None:
    other = NAMES[NAMES.index(name) - 1]
    with pytest.raises(Invalid):
        online(name).advance(state_of(other), VALUES)


@pytest.mark.parametrize("damaged", ["", "AAAA", "no base64!"])
def test_damaged_window_is_refused_before_compiled_code_reads_it(damaged: str) -> None:
    state = state_of("river.adwin")
    state["method"]["window"] = damaged
    with pytest.raises(Invalid) as refused:
        online("river.adwin").advance(state, VALUES)
    assert refused.value.problems[0].detail.startswith("is damaged: ")


@pytest.mark.parametrize("name", NAMES)
def test_damaged_state_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        online(name).advance(state_of(name) | {"method": {}}, VALUES)


def test_kswin_cannot_draw_more_than_its_older_part_holds() -> None:
    with pytest.raises(Invalid) as refused:
        online("river.kswin").settings({"window": 100, "newest": 51})
    assert [problem.pointer for problem in refused.value.problems] == ["/settings/newest"]


@pytest.mark.parametrize(
    ("direction", "shift", "found"), [("up", 1, "drift"), ("up", -1, "quiet"), ("down", -1, "drift")]
)
def test_page_hinkley_looks_where_it_is_told(direction: str, shift: float, found: str) -> None:
    detector = online("river.page_hinkley")
    stream = np.concatenate([VALUES, VALUES + shift])
    verdict = detector.advance(detector.start(detector.settings({"direction": direction})), stream)[1]
    assert verdict.decision == found


def test_page_hinkley_keeps_its_allowance_on_a_long_stream() -> None:
    """The mean moves by less than the allowance after some thousand values: that is no alarm, however long it lasts."""
    detector = online("river.page_hinkley")
    stream = np.concatenate([np.zeros(10_000), np.full(5_000, 0.2)])
    verdict = detector.advance(detector.start(detector.settings({"allowance": 0.25})), stream)[1]
    assert verdict.decision == "quiet"


def test_infinite_number_in_settings_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        online("river.adwin").settings({"center": float("nan")})
    assert [problem.pointer for problem in refused.value.problems] == ["/settings/center"]
