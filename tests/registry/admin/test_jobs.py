"""Pages of long work: live without JavaScript, with the buttons that stop it and have it done again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registry.models import Explanation, Pipeline, PipelineRun, Reproduction, TrainingRun
from registry.roles import Role
from registry.services import explanations, job_lines, jobs, reproductions
from registry.services.reproductions import Certificate
from tests import desks, factories, houses, recorded
from tests.registry.admin import reading
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


def test_page_of_work_that_waits_says_so() -> None:
    assert "It waits for a worker." in reading.page(desks.reader(), factories.evaluation())


def test_page_of_an_evaluation_and_of_an_explanation_has_the_button_that_stops_it() -> None:
    version = factories.version()
    for row in (factories.evaluation(version), factories.explanation(version)):
        client = desks.at(version.trained_by)
        assert "Stop it" in reading.page(client, row)
        client.post(desks.page(row, "cancel"))
        assert recorded.fresh(row).state == "cancelled"


def test_log_has_the_newest_line_first_and_marks_what_must_not_be_missed() -> None:
    run = jobs.claim(TrainingRun, str(factories.run().pk), actor=factories.bootstrap())
    assert run is not None
    job_lines.write(run, "fold 1 of 3")
    jobs.fail(run, failure="One class only.", actor=factories.bootstrap())
    read = reading.page(desks.reader(), run)
    log = read[read.rindex("At (UTC) What") : read.rindex("fold 1 of 3")]
    assert "✕ error One class only." in log


def test_page_of_work_that_came_out_well_folds_its_log() -> None:
    version = factories.version()
    job_lines.write(version.run, "fold 1 of 3")
    assert "<summary><h3>Log</h3></summary>" in desks.reader().get(desks.page(version.run)).content.decode()


@pytest.mark.parametrize(("seconds", "words"), [(1, "started"), (600, "no sign of life for 10 minutes")])
def test_page_says_when_a_worker_is_silent(seconds: int, words: str) -> None:
    run = jobs.claim(TrainingRun, str(factories.run().pk), actor=factories.bootstrap())
    assert run is not None
    before = timezone.now() - timedelta(seconds=seconds)
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=before)
    read = reading.page(desks.reader(), run)
    assert (words in read, "no sign of life" in read) == (True, seconds > 60)


def test_button_asks_an_explanation_again() -> None:
    version = factories.version()
    asked = factories.explanation(version)
    job = jobs.claim(Explanation, str(asked.pk), actor=factories.bootstrap())
    assert job is not None
    explanations.complete(job, content={"importance": [], "permutation": [], "partial_dependence": [],
                                        "loss": "log loss"}, actor=factories.bootstrap())  # fmt: skip
    assert "Ask again" not in reading.page(desks.at(factories.person(Role.DPO)), asked)
    answer = desks.at(version.trained_by).post(desks.page(asked, "replay"))
    made = Explanation.objects.exclude(pk=asked.pk).get()
    assert (answer.status_code, answer["Location"]) == (302, desks.page(made))


def test_page_of_a_reproduction_compares_in_the_order_of_the_work() -> None:
    waiting = reproductions.request(factories.version().run, actor=factories.acting(factories.person(Role.VALIDATOR)))
    job = jobs.claim(Reproduction, str(waiting.pk), actor=factories.bootstrap())
    assert job is not None
    steps = {name: {"same": name != "trial 2"} for name in ("model", "trial 10", "trial 2", "split train", "code")}
    found = Certificate("different", {"step": "trial 2"}, {**steps, "answers": {"difference_max": 0.25}}, {})
    reproductions.complete(job, certificate=found, actor=factories.bootstrap())
    read = reading.page(desks.reader(), job)
    assert "It came out differently." in read
    assert (
        "Step Outcome code ✓ the same split train ✓ the same trial 2 ✕ another trial 10 ✓ the same model ✓ the same "
        "answers 2.5e-01 apart at most"
    ) in read


def test_page_of_a_pass_leads_to_what_each_step_made() -> None:
    house = houses.build()
    run = make.asked(make.pipeline(house), house)
    fit = factories.run(house.model, data=house.data)
    PipelineRun.objects.filter(pk=run.pk).update(
        steps=[{"name": "training", "state": "queued", "made": str(fit.pk)}, {"name": "draft", "state": "done",
                                                                              "made": None}]
    )  # fmt: skip
    shown = desks.at(house.engineer).get(desks.page(run)).content.decode()
    assert f'<a href="{desks.page(fit)}">training run …{str(fit.pk)[-8:]}</a>' in shown
