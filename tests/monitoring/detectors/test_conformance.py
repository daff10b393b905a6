"""What every detector behind the door keeps to, ours, river's and alibi-detect's alike."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.stats import binom, poisson

from mlops_server import processes
from monitoring import detectors
from monitoring.detectors.detector import Offline
from monitoring.detectors.samples import Table
from monitoring.detectors.verdict import Verdict
from registry.errors import Invalid
from tests.monitoring.detectors.subjects import SUBJECTS, Asked, Subject

RARE = 1e-4  # how often a test of a rate fails by chance
STREAMS = [subject for subject in SUBJECTS if subject.stream]
SAMPLES = [subject for subject in SUBJECTS if not subject.stream]
every = pytest.mark.parametrize("asked", SUBJECTS, ids=str, indirect=True)
each_stream = pytest.mark.parametrize("asked", STREAMS, ids=str, indirect=True)
each_of_samples = pytest.mark.parametrize("asked", SAMPLES, ids=str, indirect=True)
OF_THIS_PROCESS = [subject for subject in SAMPLES if isinstance(subject.detector, Offline)]
each_of_this_process = pytest.mark.parametrize("subject", OF_THIS_PROCESS, ids=str)
OF_NUMBERS = [one for one in SAMPLES if isinstance(one.detector, Offline) and one.detector.numbers]


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> Asked:
    subject: Subject = request.param
    if subject.name in ("alibi.mmd", "alibi.lsdd") and not list(processes.ALIBI.glob("lib/*/site-packages/torch")):
        pytest.skip("torch is not installed: make alibi TORCH=yes")
    remote = subject.detector.library == "alibi-detect"
    return Asked(subject, request.getfixturevalue("alibi_worker") if remote else None)


def drawn(subject: Subject, seed: int, *, n: int | None = None, shift: float = 0.0) -> np.ndarray:
    return subject.make(np.random.default_rng(seed), n or subject.size, shift)


def compared(subject: Subject, reference: Table, window: Table) -> Verdict:
    assert isinstance(subject.detector, Offline)
    return subject.detector.compare(subject.settings, reference, window)


def test_every_detector_is_a_subject() -> None:
    assert sorted(detectors.DETECTORS) == sorted(subject.name for subject in SUBJECTS)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_unknown_setting_is_refused_by_name(subject: Subject) -> None:
    with pytest.raises(Invalid) as refused:
        subject.detector.settings({"thresold": 1})
    assert [problem.pointer for problem in refused.value.problems] == ["/settings/thresold"]


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_setting_out_of_range_is_refused_by_name(subject: Subject) -> None:
    known = subject.detector.properties
    wrong = {name: -1 if one.get("minimum", 0) >= 0 else "much" for name, one in known.items()}
    with pytest.raises(Invalid) as refused:
        subject.detector.settings(wrong)
    assert {problem.pointer.split("/")[2] for problem in refused.value.problems} == set(wrong)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_defaults_are_settings_and_state_a_rate(subject: Subject) -> None:
    settings = subject.detector.settings({})
    assert subject.detector.settings(settings) == settings
    assert 0 < subject.detector.false_alarms(settings) <= 0.05


@every
def test_verdict_and_state_are_plain_json(asked: Asked) -> None:
    verdict, state = asked.look(drawn(asked.subject, 1), drawn(asked.subject, 2))
    kept = json.dumps([asdict(verdict), state], allow_nan=False)
    assert json.loads(kept) == [asdict(verdict), state]


@every
def test_same_data_gives_the_same_verdict(asked: Asked) -> None:
    window = drawn(asked.subject, 2, shift=0.2)
    assert asked.look(drawn(asked.subject, 1), window) == asked.look(drawn(asked.subject, 1), window)


@every
def test_shift_by_one_standard_deviation_is_found(asked: Asked) -> None:
    window = drawn(asked.subject, 2, shift=1.0)
    if asked.subject.stream:
        window = np.vstack([drawn(asked.subject, 3), window])
    verdict, _ = asked.look(drawn(asked.subject, 1), window)
    assert (verdict.decision, verdict.n, verdict.missing) == ("drift", len(window), 0)


@every
def test_one_missing_value_does_not_hide_a_shift(asked: Asked) -> None:
    window = drawn(asked.subject, 2, shift=1.0)
    if asked.subject.stream:
        window = np.vstack([drawn(asked.subject, 3), window])
    window[7, 0] = np.nan
    verdict, _ = asked.look(drawn(asked.subject, 1), window)
    assert (verdict.decision, verdict.missing) == ("drift", 1)


@every
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_many_missing_values_are_never_quiet(asked: Asked, share: float) -> None:
    window = drawn(asked.subject, 2)
    window[: int(share * len(window)), 0] = np.nan
    verdict, _ = asked.look(drawn(asked.subject, 1), window)
    assert verdict.decision != "quiet"


@every
def test_too_little_data_is_not_evaluable(asked: Asked) -> None:
    verdict, _ = asked.look(drawn(asked.subject, 1), drawn(asked.subject, 2, n=4))
    assert verdict.decision == "not_evaluable"
    assert verdict.reason


@each_of_samples
def test_window_without_rows_is_not_evaluable(asked: Asked) -> None:
    verdict, _ = asked.look(drawn(asked.subject, 1), drawn(asked.subject, 2)[:0])
    assert (verdict.decision, verdict.n) == ("not_evaluable", 0)


@each_of_samples
def test_false_alarms_are_as_frequent_as_stated(asked: Asked) -> None:
    looks = asked.subject.looks
    alarms = sum(
        asked.look(drawn(asked.subject, 2 * look), drawn(asked.subject, 2 * look + 1))[0].decision == "drift"
        for look in range(looks)
    )
    stated = asked.subject.detector.false_alarms(asked.subject.settings)
    assert alarms <= binom.isf(RARE, looks, stated)


@each_stream
def test_false_alarms_of_a_stream_are_as_rare_as_stated(asked: Asked) -> None:
    verdict, _ = asked.look(drawn(asked.subject, 1), drawn(asked.subject, 2, n=asked.subject.stream))
    stated = asked.subject.detector.false_alarms(asked.subject.settings) * asked.subject.stream
    assert len(verdict.details.get("alarms", [])) <= poisson.isf(RARE, stated)


@each_stream
def test_stopped_and_resumed_is_as_never_stopped(asked: Asked) -> None:
    """In pieces of all sizes, through an alarm, with missing values in between."""
    reference, window = (
        drawn(asked.subject, 1),
        np.vstack([drawn(asked.subject, 2), drawn(asked.subject, 3, shift=1.5)]),
    )
    window[[20, 333], 0] = np.nan
    whole, expected = asked.look(reference, window)
    state, alarms, at = None, [], 0
    for size in (1, 130, 24, 180, 65, 200):
        verdict, state = asked.look(reference, window[at : at + size], state)
        alarms += verdict.details["alarms"]
        at += size
    assert at == len(window)
    assert (alarms, state) == (whole.details["alarms"], expected)
    assert len(alarms) > 0


@each_stream
def test_refused_look_leaves_the_state_as_it_was(asked: Asked) -> None:
    reference = drawn(asked.subject, 1)
    _, before = asked.look(reference, drawn(asked.subject, 2))
    verdict, after = asked.look(reference, np.full((10, 1), np.nan), before)
    assert (verdict.decision, after) == ("not_evaluable", before)


def test_licence_of_what_is_not_free_in_production_stands_in_its_verdicts(asked_of_alibi: Asked) -> None:
    verdict, _ = asked_of_alibi.look(drawn(asked_of_alibi.subject, 1), drawn(asked_of_alibi.subject, 2))
    licence = asked_of_alibi.subject.detector.licence
    assert verdict.details["licence"] == {"name": licence.name, "terms": licence.terms}
    assert not licence.production


@pytest.fixture
def asked_of_alibi(request: pytest.FixtureRequest) -> Asked:
    (subject,) = (subject for subject in SUBJECTS if subject.name == "alibi.ks")
    return Asked(subject, request.getfixturevalue("alibi_worker"))


@each_of_this_process
def test_reference_prepared_once_serves_every_window(subject: Subject) -> None:
    detector = subject.detector
    assert isinstance(detector, Offline)
    tables = [{"x": drawn(subject, seed)[:, 0]} for seed in (1, 2, 3)]
    prepared = detector.prepare(subject.settings, tables[0])
    judged = [detector.judge(subject.settings, prepared, window) for window in tables[1:]]
    assert judged == [detector.compare(subject.settings, tables[0], window) for window in tables[1:]]


@each_of_this_process
def test_columns_are_taken_by_name_and_not_by_place(subject: Subject) -> None:
    reference, window = ({"x": rows[:, 0], "y": 5 * rows[:, 0]} for rows in (drawn(subject, 1), drawn(subject, 2)))
    other = {"z": window["x"], "y": window["y"], "x": window["x"]}
    judged = compared(subject, reference, other)
    assert judged == compared(subject, reference, window)


@each_of_this_process
def test_window_that_lacks_a_column_is_not_evaluable(subject: Subject) -> None:
    reference = {"x": drawn(subject, 1)[:, 0], "y": drawn(subject, 2)[:, 0]}
    verdict = compared(subject, reference, {"x": drawn(subject, 3)[:, 0]})
    assert (verdict.decision, verdict.reason) == ("not_evaluable", "y: there is no such column")


@each_of_this_process
def test_columns_of_unequal_length_are_not_evaluable(subject: Subject) -> None:
    reference = {"x": drawn(subject, 1)[:, 0], "y": drawn(subject, 2)[:, 0]}
    verdict = compared(subject, reference, {"x": reference["x"], "y": reference["y"][:-1]})
    expected = f"y: {subject.size - 1} values, where the first column has {subject.size}"
    assert (verdict.decision, verdict.reason) == ("not_evaluable", expected)


@pytest.mark.parametrize("subject", OF_NUMBERS, ids=str)
def test_text_where_numbers_are_needed_is_refused_and_never_quiet(subject: Subject) -> None:
    numbers, text = drawn(subject, 1)[:, 0], np.array(["1"] * subject.size)
    assert compared(subject, {"x": numbers}, {"x": text}).decision == "not_evaluable"
    with pytest.raises(Invalid) as refused:
        compared(subject, {"x": text}, {"x": numbers})
    assert [problem.pointer for problem in refused.value.problems] == ["/reference/x"]
