"""Monitors: one look a due time, quiet where nothing moved, an alarm where it did, one alert for many alarms."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Alert, Monitor, MonitorRun
from monitoring.services import alerts, monitors
from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, RevisionMismatch
from registry.models import Outcome, Pipeline, PipelineRun, Prediction, PromotionRequest
from registry.roles import Role
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.registry.services.pipelines import make

pytestmark = pytest.mark.django_db
WORKER = system_actors.system("worker")


@pytest.fixture
def house() -> House:
    return houses.build()


def watched(house: House, kind: str, *, pipeline: Pipeline | None = None, **parameters: Any) -> Monitor:
    """A monitor that is due."""
    monitor = monitors.create(
        house.slot,
        kind=kind,
        name=kind,
        cadence_seconds=60,
        parameters=parameters,
        pipeline=pipeline,
        actor=acting(house.operator),
    )
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    return monitor


def logged(house: House, *, rows: int = 400, shift: float = 0.0, wrong: float = 0.1, selected: float = 0.5) -> None:
    """Predictions as the slot would log them: ages like the reference's plus a shift, labels wrong at a rate."""
    assignment = houses.champion(house)
    assert assignment.champion is not None
    random = np.random.default_rng(7)
    for number in range(rows):
        sex = number % 2 + 1
        decision = int(random.random() < (selected if sex == 2 else 0.5))
        made = Prediction.objects.create(
            at=timezone.now(),
            slot=house.slot,
            slot_revision=assignment.revision,
            model_version=assignment.champion,
            arm="champion",
            features={"AGEP": 20 + number % 40 + shift, "SCHL": number % 24},
            attributes={"SEX": sex},
            score=0.5 + (0.4 if decision else -0.4) * random.random(),
            decision=decision,
            latency_us=10,
        )
        Outcome.objects.create(prediction=made, value=decision if random.random() >= wrong else 1 - decision)


def looked(monitor: Monitor) -> MonitorRun:
    run = monitors.check(str(monitor.pk), actor=WORKER)
    assert run is not None
    return run


def test_create_without_the_role_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        monitors.create(house.slot, kind="drift", name="x", cadence_seconds=60, actor=acting(house.validator))


@pytest.mark.parametrize(
    ("kind", "parameters", "pointer"),
    [
        ("drift", {"fdr": "abc"}, "/parameters/fdr"),
        ("drift", {"floor": 0.8}, "/parameters"),
        ("performance", {"metric": "luck"}, "/parameters/metric"),
        ("fairness", {"attributes": []}, "/parameters/attributes"),
    ],
)
def test_create_with_unusable_parameters_is_refused(
    house: House, kind: str, parameters: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        watched(house, kind, **parameters)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_create_with_a_taken_name_is_refused(house: House) -> None:
    watched(house, "drift")
    with pytest.raises(AlreadyExists):
        watched(house, "drift")


def test_check_that_is_not_due_does_nothing(house: House) -> None:
    logged(house, rows=1)
    monitor = monitors.create(house.slot, kind="drift", name="x", cadence_seconds=60, actor=acting(house.operator))
    assert monitors.check(str(monitor.pk), actor=WORKER) is None


def test_check_twice_for_one_message_looks_once(house: House) -> None:
    logged(house, rows=1)
    monitor = watched(house, "drift")
    assert [monitors.check(str(monitor.pk), actor=WORKER) is None for _ in range(2)] == [False, True]


def test_check_after_missed_times_catches_up_once(house: House) -> None:
    logged(house, rows=1)
    monitor = watched(house, "drift")
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now() - timedelta(minutes=10))
    looked(monitor)
    monitor.refresh_from_db()
    assert timezone.now() < monitor.next_due_at <= timezone.now() + timedelta(seconds=60)


def test_check_with_few_rows_is_not_evaluable(house: House) -> None:
    logged(house, rows=5)
    run = looked(watched(house, "drift"))
    assert (run.verdict, run.reason) == (
        "not_evaluable",
        "Only 5 predictions are there since the last look; the check needs 200.",
    )


def test_performance_above_its_floor_is_quiet_and_on_record(house: House) -> None:
    logged(house, wrong=0.02)
    run = looked(watched(house, "performance", floor=0.8))
    assert (run.verdict, run.n) == ("quiet", 400)
    assert recorded.newest(run)["data"]["report"] == run.report_digest


def test_performance_below_its_floor_alarms(house: House) -> None:
    logged(house, wrong=0.5)
    run = looked(watched(house, "performance", floor=0.8))
    assert run.verdict == "alarm"
    assert "the whole interval is below 0.8" in run.reason
    assert recorded.names(Alert.objects.get()) == ["alert.raised"]


def test_fairness_with_equal_rates_is_quiet(house: House) -> None:
    logged(house)
    assert looked(watched(house, "fairness", attributes=["SEX"])).verdict == "quiet"


def test_fairness_with_unequal_rates_alarms(house: House) -> None:
    logged(house, selected=0.15)
    run = looked(watched(house, "fairness", attributes=["SEX"]))
    assert run.verdict == "alarm"
    assert run.reason.startswith("Impact ratio of SEX group 2 is 0.")


def test_repeated_alarm_joins_the_open_alert(house: House) -> None:
    logged(house, wrong=0.5)
    monitor = watched(house, "performance", floor=0.8)
    looked(monitor)
    logged(house, wrong=0.5)
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    second = looked(monitor)
    assert Alert.objects.get().last_run == second
    assert recorded.names(Alert.objects.get()) == ["alert.raised", "alert.repeated"]


def test_alert_is_acknowledged_then_resolved_by_an_operator(house: House) -> None:
    logged(house, wrong=0.5)
    looked(watched(house, "performance", floor=0.8))
    alert, operator = Alert.objects.get(), acting(house.operator)
    alert = alerts.acknowledge(alert, revision=1, reason="Looking.", actor=operator)
    alert = alerts.resolve(alert, revision=2, reason="Labels were wrong.", actor=operator)
    assert (alert.state, recorded.names(alert)[1:]) == ("resolved", ["alert.acknowledged", "alert.resolved"])
    with pytest.raises(Conflict):
        alerts.resolve(alert, revision=3, reason="Again.", actor=operator)


def test_alert_with_an_old_revision_is_refused(house: House) -> None:
    logged(house, wrong=0.5)
    looked(watched(house, "performance", floor=0.8))
    with pytest.raises(RevisionMismatch):
        alerts.resolve(Alert.objects.get(), revision=7, reason="x", actor=acting(house.operator))


def test_alert_handled_without_the_role_is_refused(house: House) -> None:
    logged(house, wrong=0.5)
    looked(watched(house, "performance", floor=0.8))
    with pytest.raises(NotPermitted):
        alerts.resolve(Alert.objects.get(), revision=1, reason="x", actor=acting(factories.person(Role.VALIDATOR)))


def test_alarm_starts_the_monitors_pipeline_once_an_alert_and_puts_nothing_forward(house: House) -> None:
    logged(house, wrong=0.5)
    monitor = watched(house, "performance", floor=0.9, pipeline=make.pipeline(house))
    before = PromotionRequest.objects.count()
    for _ in range(2):
        Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
        monitors.check(str(monitor.pk), actor=WORKER)
    run, alert = PipelineRun.objects.get(), Alert.objects.get()
    assert (run.cause, run.cause_id, run.requested_by) == ("monitor", str(alert.pk), house.engineer)
    run = make.through(run)
    assert (run.state, run.promotion.state, alert.state) == ("succeeded", "draft", "open")  # type: ignore[union-attr]
    assert PromotionRequest.objects.count() == before + 1


def test_alert_whose_answer_was_lost_is_answered_by_the_next_look(house: House) -> None:
    logged(house, wrong=0.5)
    monitor = watched(house, "performance", floor=0.9)
    monitors.check(str(monitor.pk), actor=WORKER)
    Monitor.objects.filter(pk=monitor.pk).update(pipeline=make.pipeline(house), next_due_at=timezone.now())
    monitors.check(str(monitor.pk), actor=WORKER)
    assert PipelineRun.objects.get().cause_id == str(Alert.objects.get().pk)


def test_monitor_with_a_pipeline_of_another_system_is_refused(house: House) -> None:
    pipeline = make.pipeline(houses.build())
    with pytest.raises(Invalid):
        monitors.create(
            house.slot, kind="drift", name="a", cadence_seconds=60, pipeline=pipeline, actor=acting(house.operator)
        )
