"""Jobs over the API: stopped, their log read line by line; runs done again; pipelines started."""

import pytest

from registry.models import PipelineRun, Reproduction, TrainingRun
from registry.roles import Role
from registry.services import job_lines, jobs
from tests import factories, houses
from tests.clients import signed_in
from tests.registry.services.pipelines import make

pytestmark = pytest.mark.django_db


def test_cancel_of_a_run_that_waits_shows_it_stopped_and_a_second_time_is_a_conflict() -> None:
    run, client = factories.run(), signed_in(factories.person(Role.ENGINEER))
    first = client.post(f"/api/v1/runs/{run.pk}/cancel", {"reason": "The wrong data."})
    second = client.post(f"/api/v1/runs/{run.pk}/cancel")
    assert (first.status_code, first.json()["state"], second.status_code) == (200, "cancelled", 409)


def test_cancel_by_an_auditor_is_refused() -> None:
    run = factories.run()
    answer = signed_in(factories.person(Role.AUDITOR)).post(f"/api/v1/runs/{run.pk}/cancel")
    assert (answer.status_code, TrainingRun.objects.get(pk=run.pk).state) == (403, "queued")


def test_lines_are_read_from_where_one_stopped() -> None:
    queued, client = factories.run(), signed_in(factories.person(Role.VALIDATOR))
    run = jobs.claim(TrainingRun, str(queued.pk), actor=factories.bootstrap())
    assert run is not None
    job_lines.extend(run, ["one", "two"])
    first = client.get(f"/api/v1/runs/{run.pk}/lines").json()
    job_lines.write(run, "three", level="warning")
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert [[line["text"] for line in page["results"]] for page in (first, second, third)] == [
        ["one", "two"],
        ["three"],
        [],
    ]
    assert third["next"] == second["next"]


def test_reproduction_is_accepted_and_says_where_to_watch() -> None:
    version, client = factories.version(), signed_in(factories.person(Role.VALIDATOR))
    answer = client.post(f"/api/v1/runs/{version.run_id}/reproduce")
    assert (answer.status_code, Reproduction.objects.count()) == (202, 1)
    assert client.get(answer["Location"]).json()["run"] == str(version.run_id)


def test_limits_and_trials_of_a_run_are_shown() -> None:
    model, client = factories.model(), signed_in(factories.person(Role.ENGINEER))
    data = factories.dataset_version(factories.dataset(model.system))
    body = {"model": str(model.pk), "dataset_version": str(data.pk), "recipe": factories.RECIPE, "seed": 7}
    made = client.post("/api/v1/runs", {**body, "limits": {"seconds": 60}}).json()
    wrong = client.post("/api/v1/runs", {**body, "limits": {"seconds": -1}})
    assert (made["limits"], made["cost"], made["cause"], wrong.status_code) == ({"seconds": 60.0}, {}, "requested", 422)
    assert client.get(f"/api/v1/runs/{made['id']}/trials").json() == []


def test_pipeline_is_registered_started_and_paused() -> None:
    house = houses.build()
    client = signed_in(house.engineer)
    body = {"system": str(house.system.pk), "name": "monthly", "document": make.document(house)}
    made = client.post("/api/v1/pipelines", body)
    address = f"/api/v1/pipelines/{made.json()['id']}"
    started = client.post(f"{address}/runs")
    paused = client.post(f"{address}/pause", {"reason": "Moving."}, headers={"If-Match": made["ETag"]})
    refused = client.post(f"{address}/runs")
    assert (made.status_code, started.status_code, paused.json()["state"], refused.status_code) == (
        201,
        202,
        "paused",
        409,
    )
    assert client.get(started["Location"]).json()["id"] == str(PipelineRun.objects.get().pk)


def test_pipeline_with_an_unknown_word_points_at_it() -> None:
    house = houses.build()
    body = {"system": str(house.system.pk), "name": "a", "document": {**make.document(house), "sedule": {}}}
    answer = signed_in(house.engineer).post("/api/v1/pipelines", body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/document"])
