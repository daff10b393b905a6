"""The verdict on a run done again: the first step that differs, and what its answers say of the rest."""

from typing import Any

import pytest

from workers.running import certificates
from workers.running.certificates import TOLERANCE, Recorded

FIRST = Recorded(
    environment={"scikit-learn": "1.7", "threads": {"omp": 1, "blas": 1}},
    code_digest="c" * 64,
    data="d" * 64,
    metrics={"splits": {"train": "t", "holdout": "h"}, "train_digest": "r", "trials": [{"number": 1, "state": "done"}]},
    parameters={"C": 1.0},
    artifact="a" * 64,
)
AGAIN: dict[str, Any] = {
    "environment": FIRST.environment,
    "code_digest": FIRST.code_digest,
    "data": FIRST.data,
    "splits": {"train": "t", "holdout": "h"},
    "train_digest": "r",
    "trials": [{"number": 1, "state": "done"}],
    "parameters": {"C": 1.0},
    "onnx_digest": FIRST.artifact,
    "answers": {"rows": 10, "label_flips": 0, "difference_max": 0.0},
}
OTHER_BYTES = {"onnx_digest": "b" * 64}


def answers(difference: float | None) -> dict[str, Any]:
    return {"answers": {"rows": 10, "label_flips": 0, "difference_max": difference}}


def first_step(changes: dict[str, Any]) -> tuple[str, str | None]:
    verdict = certificates.compare(FIRST, AGAIN | changes)
    return verdict.verdict, verdict.first_difference.get("step")


CASES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "everything the same": ({}, "bit_identical", None),
    "another machine, the same bytes": ({"environment": {"scikit-learn": "1.8"}}, "bit_identical", None),
    "other code, the same bytes": ({"code_digest": "e" * 64}, "bit_identical", None),
    "other bytes, answers alike": (OTHER_BYTES | answers(TOLERANCE), "within_tolerance", "model"),
    "other bytes, answers apart": (OTHER_BYTES | answers(2 * TOLERANCE), "different", "model"),
    "other bytes, answers of another shape": (OTHER_BYTES | answers(None), "different", "model"),
    "other bytes, the first ones gone": (OTHER_BYTES | {"answers": None}, "different", "model"),
    "another library before everything": (
        OTHER_BYTES | answers(1.0) | {"environment": {"scikit-learn": "1.8"}},
        "different",
        "environment",
    ),
    "another split before the model": (
        OTHER_BYTES | answers(1.0) | {"splits": {"train": "x", "holdout": "h"}},
        "different",
        "split train",
    ),
    "a trial that is missing": (OTHER_BYTES | answers(1.0) | {"trials": []}, "different", "trial 1"),
    "other parameters": (OTHER_BYTES | answers(1.0) | {"parameters": {"C": 2.0}}, "different", "parameters"),
    "other data, by chance the same model": ({"data": "x" * 64}, "within_tolerance", "data"),
}


@pytest.mark.parametrize("case", CASES)
def test_compare_names_the_first_step_that_differs(case: str) -> None:
    changes, verdict, step = CASES[case]
    assert first_step(changes) == (verdict, step)


def test_compare_shows_of_the_environment_only_what_differs() -> None:
    environment = {"scikit-learn": "1.7", "threads": {"omp": 4, "blas": 1}}
    compared = certificates.compare(FIRST, AGAIN | {"environment": environment}).compared
    assert compared["environment"] == {
        "first": {"threads": {"omp": 1}},
        "again": {"threads": {"omp": 4}},
        "same": False,
    }
