"""Monitors whose method a person chose: ours, river's along a stream, alibi-detect's on its own worker."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Alert, Monitor, MonitorRun
from monitoring.services import monitors
from registry.errors import Invalid
from registry.models import Prediction
from tests import alibi, factories, houses
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.held import Held

pytestmark = pytest.mark.django_db
WORKER = system_actors.system("worker")
ROWS = 300


@pytest.fixture
def house() -> House:
    """Its data are people of every age, 18 to 77."""
    built = houses.build()
    data = factories.dataset_version(factories.dataset(built.system), rows=1_200)
    version = factories.version(built.model, data=data, bias=-1.5)
    factories.evidence_set(version, auc=0.9)
    houses.rollouts.execute(
        houses.approved_again(built, version), actor=acting(built.operator), reason="The first one."
    )
    return built


def answered(house: House, *, older: float = 0.0, higher: float = 0.0) -> None:
    assignment, random = house.slot.assignments.get(), np.random.default_rng(ROWS)
    assert assignment.champion is not None
    for number in range(ROWS):
        score = min(1.0, random.uniform() + higher)
        Prediction.objects.create(
            at=timezone.now(),
            slot=house.slot,
            slot_revision=assignment.revision,
            model_version=assignment.champion,
            arm="champion",
            features={"AGEP": 18 + number % 60 + older, "SCHL": number % 24},
            score=score,
            decision=int(score >= 0.5),
            latency_us=10,
        )


def chosen(house: House, detector: str, **parameters: Any) -> Monitor:
    return monitors.create(
        house.slot,
        kind="detector",
        name=detector,
        cadence_seconds=60,
        parameters={"detector": detector, **parameters},
        actor=acting(house.operator),
    )


def look(monitor: Monitor) -> MonitorRun | None:
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    return monitors.check(str(monitor.pk), actor=WORKER, models=Held())


def verdicts(house: House, monitor: Monitor, **shift: float) -> list[str]:
    """Of a look at rows like the reference, and of one at shifted ones."""
    answered(house)
    first = look(monitor)
    answered(house, **shift)
    second = look(monitor)
    assert first is not None
    assert second is not None
    return [first.verdict, second.verdict]


def test_inputs_by_a_test_of_whole_rows(house: House) -> None:
    monitor = chosen(house, "ours.energy")
    assert verdicts(house, monitor, older=8.0) == ["quiet", "alarm"]
    figure, said = MonitorRun.objects.latest("id").report["figures"]
    assert (figure["metric"], figure["n"], figure["detail"]["licence"]) == ("ours.energy", ROWS, "Apache-2.0")
    assert said["said"]["rows"] == ROWS


def test_one_column_of_the_inputs(house: House) -> None:
    monitor = chosen(house, "ours.ks", columns=["SCHL"])
    assert verdicts(house, monitor, older=8.0) == ["quiet", "quiet"]


def test_score_against_the_rows_held_out(house: House) -> None:
    monitor = chosen(house, "ours.cramer_von_mises", watches="score")
    assert verdicts(house, monitor, higher=0.2) == ["quiet", "alarm"]


def test_stream_is_remembered_from_look_to_look(house: House) -> None:
    monitor = chosen(house, "river.page_hinkley", watches="score", settings={"expected_run": 1_000_000})
    assert verdicts(house, monitor, higher=0.3) == ["quiet", "alarm"]
    monitor.refresh_from_db()
    assert monitor.progress["state"]["seen"] == 2 * ROWS


def test_stream_is_in_units_of_the_reference(house: House) -> None:
    answered(house)
    monitor = chosen(house, "river.adwin", watches="inputs", columns=["AGEP"])
    look(monitor)
    monitor.refresh_from_db()
    told = monitor.progress["state"]["settings"]
    assert (round(told["center"], 1), round(told["scale"], 1)) == (47.5, 17.3)


def test_other_settings_begin_the_stream_anew(house: House) -> None:
    answered(house)
    monitor = chosen(house, "river.page_hinkley", watches="score")
    look(monitor)
    changes = {"parameters": {"detector": "river.adwin", "watches": "score"}}
    monitor = monitors.change(monitor, changes=changes, revision=1, actor=acting(house.operator))
    answered(house)
    look(monitor)
    monitor.refresh_from_db()
    assert (monitor.progress["state"]["detector"], monitor.progress["state"]["seen"]) == ("river.adwin", ROWS)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"detector": "ours.luck"}, "/parameters/detector"),
        ({"detector": "ours.ks", "settings": {"alpha": 2}}, "/parameters/settings/alpha"),
        ({"detector": "ours.ks", "settings": {"beta": 2}}, "/parameters/settings/beta"),
        ({"detector": "river.adwin"}, "/parameters/columns"),
        ({"detector": "ours.ks", "watches": "score", "columns": ["AGEP"]}, "/parameters/columns"),
        ({"detector": "alibi.classifier_uncertainty"}, "/parameters/watches"),
    ],
)
def test_method_that_cannot_look_at_this_is_refused(house: House, parameters: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        chosen(house, **parameters)
    assert [one.pointer for one in caught.value.problems] == [pointer]


def test_column_that_the_version_does_not_take_is_not_evaluable(house: House) -> None:
    answered(house)
    run = look(chosen(house, "ours.ks", columns=["SHOE"]))
    assert run is not None
    assert (run.verdict, run.reason) == (
        "not_evaluable",
        "The version takes no column SHOE that has a distribution.",
    )


# alibi-detect's


def told(worker: alibi.Worker) -> MonitorRun | None:
    """Its answer, as our worker takes it from the queue, where messages of other tests may wait before it."""
    with current_app.connection_for_read() as connection:
        inbox = connection.SimpleQueue(settings.CELERY_TASK_DEFAULT_QUEUE)
        while True:
            message = inbox.get(timeout=alibi.SECONDS)
            message.ack()
            if message.headers["task"] == "workers.answer_look":
                break
        inbox.close()
    (answer,), keywords, _ = message.payload
    return monitors.answer(answer, about=keywords["about"], actor=WORKER)


def test_answer_of_the_other_environment_ends_the_look(house: House, alibi_worker: alibi.Worker) -> None:
    monitor = chosen(house, "alibi.ks", settings={"min_n": 100})
    answered(house, older=15.0)
    assert look(monitor) is None
    run = told(alibi_worker)
    assert run is not None
    assert (run.verdict, run.n, Alert.objects.get().last_run) == ("alarm", ROWS, run)
    assert run.reason.endswith("alibi-detect, Business Source License 1.1: not for any production.")
    monitor.refresh_from_db()
    assert monitor.progress == {}


def test_stream_of_the_other_environment_is_remembered(house: House, alibi_worker: alibi.Worker) -> None:
    fast = {"expected_run": 50, "simulations": 500, "windows": [20], "reference_rows": 100}
    monitor = chosen(house, "alibi.cvm_online", watches="score", settings=fast)
    for _ in range(2):
        answered(house)
        assert look(monitor) is None
        assert told(alibi_worker) is not None
    monitor.refresh_from_db()
    assert monitor.progress["state"]["seen"] == 2 * ROWS


def test_answer_after_a_change_is_void(house: House, alibi_worker: alibi.Worker) -> None:
    monitor = chosen(house, "alibi.ks", settings={"min_n": 100})
    answered(house)
    look(monitor)
    monitors.change(monitor, changes={"name": "other"}, revision=1, actor=acting(house.operator))
    assert told(alibi_worker) is None
    assert not MonitorRun.objects.exists()


def test_question_that_nobody_answers_is_told_by_the_next_look(house: House) -> None:
    monitor = chosen(house, "alibi.ks")
    answered(house)
    look(monitor)
    monitor.refresh_from_db()
    late = (timezone.now() - monitors.LEASE - timedelta(seconds=1)).isoformat()
    progress = {"asked": {**monitor.progress["asked"], "at": late}}
    Monitor.objects.filter(pk=monitor.pk).update(progress=progress)
    run = look(monitor)
    assert run is not None
    assert run.verdict == "not_evaluable"
    assert "is its worker running?" in run.reason
    monitor.refresh_from_db()
    assert monitor.progress == {}
