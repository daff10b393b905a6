"""The description of a job for alibi-detect, and the arrays that go with it."""

import io
from typing import Any

import numpy as np
import pytest

from monitoring import detectors
from monitoring.detectors import alibi
from monitoring.detectors.detector import Job, Remote
from monitoring.detectors.samples import Unusable
from monitoring.detectors.verdict import Verdict
from registry.errors import Invalid


def unpacked(data: bytes) -> Any:
    return np.load(io.BytesIO(data), allow_pickle=False).tolist()


def test_job_is_a_task_by_name_with_plain_arguments() -> None:
    detector = detectors.find("alibi.ks")
    assert isinstance(detector, Remote)
    settings = detector.settings({"alpha": 0.02})
    assert detector.job(settings, reference="a" * 64, window="b" * 64) == Job(
        task="alibi.detect",
        queue="alibi",
        arguments={
            "detector": "alibi.ks",
            "settings": {"alpha": 0.02, "min_n": 200, "max_missing": 0.05, "seed": 0},
            "arrays": {"reference": "a" * 64, "window": "b" * 64},
            "state": None,
        },
    )


def test_categories_become_codes_of_the_reference_and_new_ones_come_after() -> None:
    reference = {"age": np.array([30.0, 41.0, 25.0]), "job": np.array(["b", "a", None])}
    window = {"age": np.array([np.nan, 50.0]), "job": np.array(["c", "a"])}
    known, seen = alibi.pack(reference, window)
    assert unpacked(known)[:2] == [[30.0, 1.0], [41.0, 0.0]]
    assert np.isnan(unpacked(known)[2][1])
    assert unpacked(seen)[1] == [50.0, 0.0]
    assert unpacked(seen)[0][1] == 2.0


def test_reference_is_packed_alike_whatever_the_window_holds() -> None:
    reference = {"job": ["b", "a", "b"]}
    assert alibi.pack(reference, {"job": ["z"]})[0] == alibi.pack(reference, {"job": ["a", "y"]})[0]


@pytest.mark.parametrize(
    ("window", "why"),
    [({}, "x: there is no such column"), ({"x": ["high", "low"]}, "x: <U4 values, where numbers are needed")],
)
def test_window_that_cannot_be_packed_is_not_evaluable(window: dict[str, list[str]], why: str) -> None:
    with pytest.raises(Unusable) as refused:
        alibi.pack({"x": [1.0, 2.0]}, window)
    assert refused.value.verdict == Verdict("not_evaluable", why)


def test_too_few_simulations_for_the_expected_run_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        detectors.find("alibi.cvm_online").settings({"expected_run": 1_000, "simulations": 9_999})
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.remedy) == ("/settings/simulations", "At least 10000.")


def test_permutations_that_cannot_reach_the_level_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        detectors.find("alibi.mmd").settings({"alpha": 0.001, "permutations": 200})
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.remedy) == ("/settings/permutations", "At least 1000.")


def test_detector_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(Invalid) as refused:
        detectors.find("alibi.crystal_ball")
    assert "alibi.cvm_online" in refused.value.remedy
