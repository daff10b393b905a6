"""What looks read: rows that no evaluable look has read, labels as they arrive, requests and not rows."""

import numpy as np
import pytest
from django.utils import timezone

from monitoring.models import Monitor
from monitoring.services import windows
from monitoring.services.windows import Span, Window
from registry.models import ModelVersion, Prediction
from tests import houses
from tests.houses import House
from tests.monitoring.services import logs
from tests.monitoring.services.logs import ago, answer, fail, look, tell

pytestmark = pytest.mark.django_db
MANY = 100


@pytest.fixture
def house() -> House:
    return houses.build()


@pytest.fixture
def version(house: House) -> ModelVersion:
    return houses.measured(house)


@pytest.fixture
def monitor(house: House) -> Monitor:
    return logs.monitor(house)


def unread(monitor: Monitor, version: ModelVersion) -> Span:
    return windows.unread(monitor, version, timezone.now())


def read(window: Window) -> list[Prediction]:
    return window.rows


def test_first_look_reads_from_the_beginning(house: House, version: ModelVersion, monitor: Monitor) -> None:
    rows = [answer(house, version, at=ago(9_000)), answer(house, version, at=ago(1))]
    window = windows.answered(unread(monitor, version), rows=MANY)
    assert (read(window), window.since) == (rows, rows[0].at)


def test_looks_share_no_rows(house: House, version: ModelVersion, monitor: Monitor) -> None:
    answer(house, version, at=ago(30))
    look(monitor, version, ago(20))
    after = answer(house, version, at=ago(10))
    assert read(windows.answered(unread(monitor, version), rows=MANY)) == [after]


def test_look_that_could_not_be_evaluated_leaves_its_rows(
    house: House, version: ModelVersion, monitor: Monitor
) -> None:
    rows = [answer(house, version, at=ago(30)), answer(house, version, at=ago(10))]
    look(monitor, version, ago(20), "not_evaluable")
    assert read(windows.answered(unread(monitor, version), rows=MANY)) == rows


def test_newest_rows_are_read_where_there_are_too_many(house: House, version: ModelVersion, monitor: Monitor) -> None:
    rows = [answer(house, version, at=ago(30 - n)) for n in range(5)]
    assert read(windows.answered(unread(monitor, version), rows=2)) == rows[3:]


def test_rows_of_another_arm_version_slot_or_time_are_not_read(
    house: House, version: ModelVersion, monitor: Monitor
) -> None:
    mine = answer(house, version, at=ago(2))
    answer(house, version, arm="canary")
    answer(house, houses.measured(house))
    answer(houses.build(), version)
    answer(house, version, at=ago(-5))
    assert read(windows.answered(unread(monitor, version), rows=MANY)) == [mine]


def test_look_at_another_version_ends_nothing_for_this_one(
    house: House, version: ModelVersion, monitor: Monitor
) -> None:
    row = answer(house, version, at=ago(30))
    look(monitor, houses.measured(house), ago(10))
    assert read(windows.answered(unread(monitor, version), rows=MANY)) == [row]


# Labels


def test_labelled_rows_come_when_their_truth_does(house: House, version: ModelVersion, monitor: Monitor) -> None:
    late, early = answer(house, version, at=ago(9_000)), answer(house, version, at=ago(8_000))
    tell(early, 1, at=ago(30))
    look(monitor, version, ago(20))
    tell(late, 0, at=ago(10))
    window = windows.labelled(unread(monitor, version), rows=MANY)
    assert (read(window), window.labels.tolist()) == ([late], [0.0])


def test_revised_truth_counts_in_the_look_of_the_first(house: House, version: ModelVersion, monitor: Monitor) -> None:
    row = answer(house, version, at=ago(60), truth=1)
    tell(row, 0, at=ago(5))
    window = windows.labelled(unread(monitor, version), rows=MANY)
    assert (read(window), window.labels.tolist()) == ([row], [0.0])


def test_revision_after_a_look_brings_its_row_into_no_other(
    house: House, version: ModelVersion, monitor: Monitor
) -> None:
    row = answer(house, version, at=ago(60), truth=1)
    look(monitor, version, ago(20))
    tell(row, 0, at=ago(5))
    assert read(windows.labelled(unread(monitor, version), rows=MANY)) == []


def test_truth_that_comes_after_the_moment_is_not_read(house: House, version: ModelVersion, monitor: Monitor) -> None:
    row = answer(house, version, at=ago(60), truth=1)
    tell(row, 0, at=ago(-5))
    assert windows.labelled(unread(monitor, version), rows=MANY).labels.tolist() == [1.0]


def test_answers_without_a_truth_have_none(house: House, version: ModelVersion, monitor: Monitor) -> None:
    answer(house, version, attributes={"SEX": 1})
    window = windows.answered(unread(monitor, version), rows=MANY)
    assert np.isnan(window.labels).all()
    assert window.attributes(["SEX", "RACE"])["SEX"].tolist() == [1]
    assert window.attributes(["RACE"])["RACE"].tolist() == [None]


# Requests


def test_rows_of_one_request_count_once(house: House, version: ModelVersion, monitor: Monitor) -> None:
    at = ago(5)
    for _ in range(3):
        answer(house, version, at=at, request="one", latency_us=700)
    answer(house, version, at=ago(4), request="two", latency_us=900)
    found = windows.requests(unread(monitor, version), rows=MANY)
    assert (sorted(found.latencies_us.tolist()), found.n) == ([700, 900], 2)


def test_failed_requests_count_by_cause_and_those_of_nobody_for_each(
    house: House, version: ModelVersion, monitor: Monitor
) -> None:
    fail(house, "invalid")
    fail(house, "defect", version=version)
    fail(house, "defect", version=houses.measured(house))
    fail(houses.build(), "defect")
    found = windows.requests(unread(monitor, version), rows=MANY)
    assert (found.failures, found.n) == ({"invalid": 1, "defect": 1}, 2)


def test_failures_are_those_of_the_time_of_the_requests_read(
    house: House, version: ModelVersion, monitor: Monitor
) -> None:
    fail(house, "defect", at=ago(50), version=version)
    for minute in (40, 30, 20):
        answer(house, version, at=ago(minute), request=str(minute))
    fail(house, "defect", at=ago(10), version=version)
    assert windows.requests(unread(monitor, version), rows=2).failures == {"defect": 1}


def test_unfit_requests_are_those_of_the_window(house: House, version: ModelVersion, monitor: Monitor) -> None:
    fail(house, "invalid", at=ago(50))
    answer(house, version, at=ago(40))
    fail(house, "invalid", at=ago(30))
    fail(house, "defect", at=ago(30), version=version)
    window = windows.answered(unread(monitor, version), rows=MANY)
    assert windows.unfit(house.slot, version, window) == 1
