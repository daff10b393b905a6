"""Pages of long work: live without JavaScript, with the buttons that stop it and have it done again."""

import pytest

from registry.models import Pipeline, Reproduction, TrainingRun
from registry.roles import Role
from registry.services import jobs
from tests import desks, factories, houses, recorded
from tests.registry.services.pipelines import make

pytestmark = pytest.mark.django_db


def test_page_of_a_run_under_way_reads_itself_anew_and_one_that_is_over_does_not() -> None:
    queued = factories.run()
    run = jobs.claim(TrainingRun, str(queued.pk), actor=factories.bootstrap())
    assert run is not None
    jobs.reporter(run)(0.4, "trial 2 of 5")
    client = desks.at(run.requested_by)
    live = client.get(desks.page(run)).content.decode()
    assert 'http-equiv="refresh"' in live
    assert '<progress max="100" value="40"></progress> 40 %, trial 2 of 5' in live
    jobs.fail(run, failure="One class only.", actor=factories.bootstrap())
    over = client.get(desks.page(run)).content.decode()
    assert ('http-equiv="refresh"' in over, "One class only." in over) == (False, True)


def test_button_stops_a_run_and_who_may_not_has_none() -> None:
    run = factories.run()
    assert "Stop it" not in desks.reader().get(desks.page(run)).content.decode()
    client = desks.at(run.requested_by)
    assert "Stop it" in client.get(desks.page(run)).content.decode()
    client.post(desks.page(run, "cancel"))
    assert recorded.fresh(run).state == "cancelled"


def test_button_has_a_run_done_again() -> None:
    version = factories.version()
    client = desks.at(factories.person(Role.VALIDATOR))
    assert "Do it again" in client.get(desks.page(version.run)).content.decode()
    client.post(desks.page(version.run, "reproduce"))
    made = Reproduction.objects.get()
    assert client.get(desks.page(made)).status_code == 200


def test_buttons_start_pause_resume_and_retire_a_pipeline() -> None:
    house = houses.build()
    pipeline, client = make.pipeline(house), desks.at(house.engineer)
    client.post(desks.page(pipeline, "start"))
    assert pipeline.runs.count() == 1
    for act, state in (("pause", "paused"), ("resume", "active"), ("retire", "retired")):
        stored = Pipeline.objects.get(pk=pipeline.pk)
        client.post(desks.page(pipeline, act), {"reason": "Because.", "revision": stored.revision})
        assert recorded.fresh(pipeline).state == state
    assert client.get(desks.page(pipeline.runs.get())).status_code == 200
