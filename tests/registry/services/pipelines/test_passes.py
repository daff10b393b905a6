"""Passes: each step's row once, a candidate and a draft at the end, and nothing put forward by anybody but a person."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.errors import Conflict, NotPermitted
from registry.models import Evaluation, Pipeline, PipelineRun, PromotionRequest, Reproduction, TrainingRun
from registry.roles import Role
from registry.services import job_lines, jobs, people
from registry.services.decisions import deciding, promotions
from registry.services.pipelines import passes, registration, steps
from tests import factories, houses, recorded
from tests.factories import acting, bootstrap
from tests.houses import House
from tests.registry.services.pipelines import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return houses.build()


def made() -> list[int]:
    return [kind._default_manager.count() for kind in (TrainingRun, Evaluation, Reproduction, PromotionRequest)]


def test_pass_makes_a_candidate_and_a_draft_and_puts_nothing_forward(house: House) -> None:
    before = made()
    run = make.through(make.asked(make.pipeline(house), house))
    assert (run.state, run.failure, [one["name"] for one in run.steps]) == (
        "succeeded", "", ["training", "evaluation", "reproduction", "draft"],
    )  # fmt: skip
    assert run.promotion is not None
    assert (run.promotion.state, run.promotion.model_version, run.promotion.author) == (
        "draft", run.model_version, house.engineer,
    )  # fmt: skip
    assert [now - then for now, then in zip(made(), before, strict=True)] == [1, 1, 1, 1]
    assert recorded.names(run) == ["pipeline_run.requested", "pipeline_run.started", "pipeline_run.succeeded"]
    assert recorded.names(run.promotion) == ["promotion.drafted"]


def test_pass_holds_no_worker_while_a_job_of_its_is_under_way(house: House) -> None:
    run = make.asked(make.pipeline(house), house)
    seen = [make.on(run).steps for _ in range(3)]
    assert [[(one["name"], one["state"]) for one in steps_] for steps_ in seen] == [[("training", "queued")]] * 3
    assert TrainingRun.objects.filter(cause="pipeline").count() == 1


@pytest.mark.parametrize("step", ["training", "evaluation", "reproduction", "draft"])
def test_pass_killed_after_any_step_was_made_goes_on_and_makes_nothing_twice(
    house: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, note = make.asked(make.pipeline(house), house), passes._note

    def die(run: PipelineRun, name: str, *arguments: Any, **more: Any) -> None:
        if name == step:
            raise MemoryError
        note(run, name, *arguments, **more)

    with monkeypatch.context() as killed:
        killed.setattr(passes, "_note", die)
        with pytest.raises(MemoryError):
            make.through(run)
    before = made()[["training", "evaluation", "reproduction", "draft"].index(step)]
    done = make.through(run)
    assert (done.state, made()[["training", "evaluation", "reproduction", "draft"].index(step)]) == (
        "succeeded",
        before,
    )


def test_pass_ends_in_words_where_a_job_fails(house: House) -> None:
    run = make.on(make.asked(make.pipeline(house), house))
    fit = steps.trained(run)
    assert fit is not None
    job = jobs.claim(TrainingRun, str(fit.pk), actor=bootstrap())
    assert job is not None
    jobs.fail(job, failure="One class only.", actor=bootstrap())
    run = make.on(run)
    assert (run.state, run.failure) == ("failed", "The run of step training has failed. One class only.")
    assert [line.text for line in job_lines.newest(run, 1)] == [run.failure]


def test_cancelled_pass_stops_the_job_that_it_waits_for(house: House) -> None:
    run = make.on(make.asked(make.pipeline(house), house))
    jobs.cancel(run, actor=acting(house.engineer), reason="The wrong month.")
    run = make.on(run)
    assert (run.state, TrainingRun.objects.get(cause="pipeline").state) == ("cancelled", "cancelled")


def test_candidate_and_draft_are_the_registrars_whoever_asks_and_both_may_not_decide(house: House) -> None:
    other = factories.person(Role.ENGINEER, Role.VALIDATOR, system=house.system, team="second line")
    run = make.through(passes.request(make.pipeline(house, reproduce=None), actor=acting(other)))
    draft = run.promotion
    assert draft is not None
    assert (draft.author, draft.model_version.trained_by) == (house.engineer, house.engineer)
    assert recorded.newest(draft)["actor"] == f"person:{other.pk}"
    with pytest.raises(NotPermitted):
        promotions.submit_draft(draft, actor=acting(other))
    asked = promotions.submit_draft(draft, actor=acting(house.engineer))
    assert deciding.why_not(asked, other) is not None
    assert deciding.why_not(asked, house.validator) is None


def test_pass_by_itself_is_the_servers_deed_by_its_registrars_rights(house: House) -> None:
    pipeline = make.pipeline(house, evaluation=None, reproduce=None)
    run = passes.start(pipeline, cause="monitor", cause_id="a", actor=bootstrap())
    assert run is not None
    done = make.through(run)
    fit = TrainingRun.objects.get(cause="monitor")
    assert (done.state, recorded.entries(fit)[-1]["actor"], fit.requested_by) == (
        "succeeded", "system:pipeline", house.engineer,
    )  # fmt: skip


def test_pass_of_a_registrar_who_lost_the_role_fails_in_words(house: House) -> None:
    run = make.asked(make.pipeline(house), house)
    for grant in house.engineer.grants.all():
        people.revoke(grant, actor=acting(factories.person(Role.PLATFORM_ADMIN)))
    run = make.on(run)
    assert (run.state, "You may not register" in run.failure, TrainingRun.objects.filter(cause="pipeline").count()) == (
        "failed", True, 0,
    )  # fmt: skip


def test_same_alert_twice_starts_one_pass(house: House) -> None:
    pipeline = make.pipeline(house)
    started = [passes.start(pipeline, cause="monitor", cause_id="alert", actor=bootstrap()) for _ in range(2)]
    assert (started[0], PipelineRun.objects.count()) == (started[1], 1)


def test_schedule_starts_each_due_time_once_and_waits_for_a_pass_under_way(house: House) -> None:
    pipeline = make.pipeline(house, schedule={"every_seconds": 3600})
    due = timezone.now() - timedelta(minutes=1)
    Pipeline.objects.filter(pk=pipeline.pk).update(due_at=due)
    assert [passes.start_due(actor=bootstrap()).done for _ in range(2)] == [1, 0]
    Pipeline.objects.filter(pk=pipeline.pk).update(due_at=due)
    assert passes.start_due(actor=bootstrap()).done == 0
    run = PipelineRun.objects.get()
    assert (run.cause, run.cause_id, run.requested_by) == ("schedule", due.isoformat(), house.engineer)
    assert recorded.fresh(pipeline).due_at > timezone.now()


def test_pass_of_a_paused_pipeline_is_refused_and_nothing_starts_it(house: House) -> None:
    pipeline = registration.pause(make.pipeline(house), revision=1, reason="Moving.", actor=acting(house.engineer))
    with pytest.raises(Conflict, match="paused"):
        passes.request(pipeline, actor=acting(house.engineer))
    assert passes.start(pipeline, cause="monitor", cause_id="a", actor=bootstrap()) is None
