"""Looks at how fast a slot answers, and at why it answers as it does."""

import numpy as np
import pytest
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Monitor, MonitorRun
from monitoring.services import monitors
from monitoring.services.profiles import Attributions
from registry.models import Explanation, ModelVersion
from registry.services import explanations, jobs
from tests import factories, houses
from tests.houses import House
from tests.monitoring.services import logs
from tests.monitoring.services.held import Held

pytestmark = pytest.mark.django_db
WORKER = system_actors.system("worker")
LIMIT = {"latency_ms": 5.0, "min_n": 50}


@pytest.fixture
def house() -> House:
    return houses.build()


@pytest.fixture
def version(house: House) -> ModelVersion:
    champion = houses.champion(house).champion
    assert champion is not None
    return champion


def looked(monitor: Monitor, models: Held | None = None) -> MonitorRun:
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    run = monitors.check(str(monitor.pk), actor=WORKER, models=models)
    assert run is not None
    return run


def figures(run: MonitorRun) -> dict[str, float]:
    return {one["metric"]: one["value"] for one in run.report["figures"] if not one["group"]}


# Service


def answers(house: House, version: ModelVersion, *, latency_ms: float, count: int = 200) -> None:
    for number in range(count):
        logs.answer(house, version, request=str(number), latency_us=int(latency_ms * 1_000) + number)


def test_service_in_time_is_quiet_and_tells_its_quantiles(house: House, version: ModelVersion) -> None:
    answers(house, version, latency_ms=3)
    run = looked(logs.monitor(house, "service", parameters=LIMIT))
    assert (run.verdict, run.n) == ("quiet", 200)
    assert figures(run) == {
        "error_rate": 0.0, "latency_p50_ms": 3.099, "latency_p95_ms": 3.189, "latency_p99_ms": 3.197,
    }  # fmt: skip


def test_service_that_is_surely_slow_alarms(house: House, version: ModelVersion) -> None:
    answers(house, version, latency_ms=6)
    run = looked(logs.monitor(house, "service", parameters=LIMIT))
    assert (run.verdict, run.report["main"]["limit"]) == ("alarm", 5.0)
    assert run.reason.startswith("Latency p95 ms is 6.189 [")


def test_service_whose_interval_holds_the_limit_is_quiet_and_says_so(house: House, version: ModelVersion) -> None:
    answers(house, version, latency_ms=3)
    run = looked(logs.monitor(house, "service", parameters={"latency_ms": 3.189, "min_n": 50}))
    assert run.verdict == "quiet"
    limits = {"latency_ms": 3.0001, "min_n": 50}
    assert looked(logs.monitor(house, "service", parameters=limits)).verdict == "alarm"


def test_service_that_fails_alarms_by_the_causes_that_count(house: House, version: ModelVersion) -> None:
    answers(house, version, latency_ms=1)
    for _ in range(20):
        logs.fail(house, "defect", version=version)
        logs.fail(house, "invalid", version=version)
    run = looked(logs.monitor(house, "service", parameters={"error_rate": 0.06}))
    assert (run.verdict, run.n) == ("quiet", 240)
    assert round(figures(run)["error_rate"], 4) == round(20 / 240, 4)
    every = {"error_rate": 0.06, "causes": ["invalid", "no_answer", "defect"]}
    assert looked(logs.monitor(house, "service", parameters=every)).verdict == "alarm"


def test_service_of_few_requests_waits(house: House, version: ModelVersion) -> None:
    answers(house, version, latency_ms=9, count=3)
    run = looked(logs.monitor(house, "service", parameters=LIMIT))
    assert (run.verdict, run.reason) == (
        "not_evaluable", "Only 3 requests are there since the last look; the check needs 50.",
    )  # fmt: skip


# Explanations


def explained(version: ModelVersion, **sizes: float) -> None:
    """A global explanation by which AGEP and SCHL have these sizes."""
    asked = explanations.request(version, kind="global", actor=factories.acting(version.trained_by))
    job = jobs.claim(Explanation, str(asked.pk), actor=WORKER)
    assert job is not None
    content = {"importance": [{"feature": name, "value": size} for name, size in sizes.items()]}
    explanations.complete(job, content=content, actor=WORKER)


def attributed(**sizes: float) -> Held:
    """Attributions of 40 answers around these sizes."""
    random = np.random.default_rng(5)
    values = random.normal(1, 0.1, (40, len(sizes), 1)) * np.array(list(sizes.values()))[None, :, None]
    return Held(found=Attributions(list(sizes), values))


def asked_why(house: House, version: ModelVersion) -> Monitor:
    for number in range(40):
        logs.answer(house, version, decision=number % 2)
    return logs.monitor(house, "explanations")


def test_same_reasons_are_quiet(house: House, version: ModelVersion) -> None:
    explained(version, AGEP=3.0, SCHL=1.0)
    run = looked(asked_why(house, version), attributed(AGEP=6.0, SCHL=2.0))
    assert (run.verdict, run.n) == ("quiet", 40)
    assert run.report["main"]["value"] < 0.05


def test_other_reasons_alarm_and_say_what_spoke_against_the_refused(house: House, version: ModelVersion) -> None:
    explained(version, AGEP=3.0, SCHL=1.0)
    run = looked(asked_why(house, version), attributed(AGEP=-1.0, SCHL=3.0))
    assert (run.verdict, run.report["main"]["limit"]) == ("alarm", 0.2)
    against = [one for one in run.report["figures"] if one["metric"].startswith("top_reason")]
    assert [(one["group"], one["value"]) for one in against][:1] == [("AGEP", 1.0)]


def test_version_without_an_explanation_is_not_evaluable(house: House, version: ModelVersion) -> None:
    run = looked(asked_why(house, version), attributed(AGEP=1.0, SCHL=1.0))
    assert (run.verdict, run.reason) == (
        "not_evaluable", "The version has no global explanation to compare with; ask for one.",
    )  # fmt: skip


def test_explanation_of_other_features_is_not_evaluable(house: House, version: ModelVersion) -> None:
    explained(version, AGEP=3.0)
    run = looked(asked_why(house, version), attributed(AGEP=1.0, SCHL=1.0))
    assert run.reason == "The stored explanation says nothing of SCHL; have the version explained anew."
