"""Measured false alarms and delays: looks of the same code on reference rows, as they are and moved."""

from typing import Any

import pytest
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Calibration, Monitor
from monitoring.services import calibrations, monitors
from monitoring.services.calibrations import measuring, pools, replaying
from monitoring.services.profiles import Missing, References
from registry.models import Prediction
from tests import databases, factories, houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.held import Held

pytestmark = pytest.mark.django_db
WORKER = system_actors.system("worker")


REFERENCES = References(WORKER, Held())


@pytest.fixture(autouse=True)
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "LOOKS", 30)
    monkeypatch.setattr(replaying, "TIMES", 3)


@pytest.fixture
def house() -> House:
    built = houses.build()
    data = factories.dataset_version(factories.dataset(built.system), rows=2_400)
    version = factories.version(built.model, data=data, bias=-1.5)
    factories.evidence_set(version, auc=0.9)
    houses.rollouts.execute(
        houses.approved_again(built, version), actor=acting(built.operator), reason="The first one."
    )
    return built


def looked(house: House, kind: str, **parameters: Any) -> Monitor:
    """A monitor that has looked once, at one row."""
    assignment = house.slot.assignments.get()
    assert assignment.champion is not None
    Prediction.objects.create(
        at=timezone.now(), slot=house.slot, slot_revision=1, model_version=assignment.champion, arm="champion",
        features={"AGEP": 30, "SCHL": 4}, score=0.3, decision=0, latency_us=10,
    )  # fmt: skip
    monitor = monitors.create(
        house.slot,
        kind=kind,
        name=factories.name(kind),
        cadence_seconds=60,
        parameters={"window_rows": 500, **parameters},
        actor=acting(house.operator),
    )
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    assert monitors.check(str(monitor.pk), actor=WORKER, models=Held()) is not None
    return monitor


def measured(monitor: Monitor) -> Calibration:
    found = measuring.measure(str(monitor.pk), references=REFERENCES, actor=WORKER)
    assert found is not None
    return found


def rang(found: Calibration) -> dict[str, bool]:
    """Whether each shift was noticed every time, or never."""
    by_shift = {f"{one['shift']}, {one['size']}": one["found"] / one["of"] for one in found.report["shifts"]}
    return {name: share == 1 for name, share in by_shift.items() if share in (0, 1)}


def test_drift_is_silent_on_its_own_reference_and_finds_what_moved(house: House) -> None:
    found = measured(looked(house, "drift"))
    assert (found.looks, found.false_alarms, found.stated) == (30, 0, 0.001)
    assert found.low == 0
    assert 0.1 < found.high < 0.12
    assert rang(found)["AGEP moved, 1 sd"]
    assert rang(found)["AGEP missing, 20% of rows"]
    assert recorded.names(found) == ["calibration.recorded"]


@pytest.mark.parametrize(
    ("kind", "parameters", "noticed", "unnoticed"),
    [
        ("output_drift", {}, "scores moved, 1 on the logit scale", None),
        ("performance", {"metric": "accuracy", "floor": 0.7}, "truths of another class, 20% of rows", None),
        ("estimated", {"floor": 0.78}, "scores drawn towards one half, by 50%", None),
        ("quality", {}, "AGEP missing, 20% of rows", "every number moved, 0.25 sd"),
        ("detector", {"detector": "ours.ks"}, "AGEP moved, 0.5 sd", None),
        ("detector", {"detector": "ours.ks", "watches": "score"}, "scores moved, 1 on the logit scale", None),
        ("detector", {"detector": "river.adwin", "watches": "score"}, "scores moved, 1 on the logit scale", None),
    ],
)
def test_each_kind_that_can_be_replayed_finds_its_shift(
    house: House, kind: str, parameters: dict[str, Any], noticed: str, unnoticed: str | None
) -> None:
    found = measured(looked(house, kind, **parameters))
    assert found.false_alarms <= 2
    assert rang(found)[noticed]
    assert unnoticed is None or rang(found).get(unnoticed) in (None, False)


def test_stream_states_what_its_looks_may_do(house: House) -> None:
    monitor = looked(house, "detector", detector="river.adwin", watches="score", settings={"expected_run": 1_000})
    found = measured(monitor)
    assert (found.report["rows"], round(found.stated or 0, 4)) == (500, 0.3936)


def test_shifts_are_of_the_columns_that_are_watched(house: House) -> None:
    found = measured(looked(house, "detector", detector="ours.ks", columns=["SCHL"]))
    assert {one["shift"] for one in found.report["shifts"]} == {"SCHL moved", "SCHL missing"}


def test_looks_at_a_limit_vary_as_looks_at_new_rows_do(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One standard error under its floor the whole interval of 95 % is below it in 17 looks of 100."""
    monkeypatch.setattr(replaying, "LOOKS", 200)
    version = house.slot.assignments.get().champion
    assert version is not None
    pool = pools.of_answers(version, REFERENCES)
    accuracy = sum(row.decision == pool.truths[row.pk] for row in pool.rows) / len(pool.rows)
    floor = accuracy + (accuracy * (1 - accuracy) / 1_000) ** 0.5
    found = measured(looked(house, "performance", metric="accuracy", floor=floor, window_rows=1_000))
    assert (found.report["rows"], found.report["pool"]) == (1_000, 2_000)
    assert found.low < 0.17 < found.high


def test_calibration_is_made_once_for_a_setting(house: House) -> None:
    monitor = looked(house, "drift")
    measured(monitor)
    assert measuring.measure(str(monitor.pk), references=REFERENCES, actor=WORKER) is None


def test_calibration_is_made_anew_for_other_settings_alone(house: House) -> None:
    monitor = looked(house, "drift")
    first = measured(monitor)
    changed = monitors.change(monitor, changes={"name": "other"}, revision=1, actor=acting(house.operator))
    assert calibrations.newest(changed, first.model_version) == first
    wider = {"parameters": {"window_rows": 500, "psi_floor": 0.3}}
    changed = monitors.change(changed, changes=wider, revision=2, actor=acting(house.operator))
    assert calibrations.newest(changed, first.model_version) is None
    assert measured(changed).definition != first.definition


def test_calibration_is_the_same_when_it_is_made_again(house: House) -> None:
    first, second = (measured(looked(house, "output_drift")) for _ in range(2))
    assert first.report == second.report


def test_live_progress_is_not_touched(house: House) -> None:
    monitor = looked(house, "drift")
    measured(monitor)
    monitor.refresh_from_db()
    assert monitor.progress == {}


@pytest.mark.parametrize("kind", ["fairness", "service"])
def test_kind_that_cannot_be_replayed_is_not_measured(house: House, kind: str) -> None:
    monitor = looked(house, kind)
    assert calibrations.why_not(monitor, monitor.runs.get().model_version)  # type: ignore[arg-type]
    assert measuring.measure(str(monitor.pk), references=REFERENCES, actor=WORKER) is None


def test_reference_that_is_too_small_is_told(house: House) -> None:
    monitor = looked(house, "drift", window_rows=2_000, min_n=1_000)
    version = monitor.runs.get().model_version
    assert version is not None
    assert calibrations.why_not(monitor, version) == (
        "Of 2400 rows of reference a look would have 600; the check needs 1000."
    )


def test_answers_that_are_too_few_are_found_out_once(house: House) -> None:
    monitor = looked(house, "performance", window_rows=3_000, min_n=2_000)
    version = monitor.runs.get().model_version
    assert version is not None
    assert calibrations.why_not(monitor, version) is None
    with pytest.raises(Missing, match="a look would have 1000; the check needs 2000"):
        measuring.measure(str(monitor.pk), references=REFERENCES, actor=WORKER)
    assert calibrations.why_not(monitor, version)


def test_monitor_waits_while_a_worker_measures_another(house: House) -> None:
    monitor = looked(house, "drift")
    key = int(measuring.TURN, 16)
    from django.db import connection

    with databases.superuser(connection.settings_dict["NAME"]) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [key])
        assert measuring.measure(str(monitor.pk), references=REFERENCES, actor=WORKER) is None
