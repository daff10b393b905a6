"""Fits in a process of their own: their cost, their limits, their end on request; done again to the bit."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import EvidenceItem, ModelVersion, Reproduction, TrainingRun
from registry.services import job_lines, jobs, reproductions, runs
from tests import factories, recorded
from tests.factories import acting
from workers.tasks import context, reproduction, training
from workers.tasks import trials as trial_tasks

pytestmark = pytest.mark.django_db
SEARCH = {
    **factories.RECIPE,
    "search": {"kind": "grid", "parameters": {"C": [0.1, 1.0, 10.0]}},
    "cross_validation": {"folds": 2},
}


def asked(*, recipe: dict[str, Any] = SEARCH, limits: dict[str, float] | None = None) -> TrainingRun:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system), rows=400)
    return runs.request(
        model, dataset_version=data, recipe=recipe, seed=7, limits=limits, actor=acting(model.system.owner)
    )


def trained(run: TrainingRun) -> TrainingRun:
    training.train(str(run.pk))
    return TrainingRun.objects.get(pk=run.pk)


def lose(run: TrainingRun) -> None:
    """As a worker leaves its run and its trials that was killed a while ago."""
    before = timezone.now() - timedelta(hours=1)
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=before)
    run.trials.filter(state="running").update(heartbeat_at=before)


def test_run_keeps_its_trials_its_cost_and_its_log() -> None:
    run = trained(asked())
    assert (run.state, run.failure, run.version.task) == ("succeeded", "", "binary_classification")
    assert list(run.trials.values_list("number", "state", "attempts")) == [
        (1, "done", 1),
        (2, "done", 1),
        (3, "done", 1),
    ]
    assert sorted(run.cost) == [
        "attempts",
        "cpu_seconds",
        "memory_peak_bytes",
        "seconds",
        "trial_seconds",
        "trials",
    ]
    assert (run.cost["trials"], run.cost["cpu_seconds"] > 0, run.cost["memory_peak_bytes"] > 10**7) == (3, True, True)
    texts = [line.text for line in job_lines.after(run, 0)]
    assert "fit on all training rows" in texts
    assert sum(text.startswith("trial ") for text in texts) == 3


def test_run_whose_worker_was_lost_goes_on_from_its_last_trial_to_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, write = asked(), job_lines.write

    def die(job: Any, text: str, **more: Any) -> None:
        if text.startswith("trial 2"):
            raise jobs.Lost
        write(job, text, **more)

    with monkeypatch.context() as killed:
        killed.setattr(trial_tasks.job_lines, "write", die)
        trained(run)
    lose(run)
    done = trained(run)
    whole = trained(asked())
    assert (done.state, done.attempts, done.cost["attempts"]) == ("succeeded", 2, 2)
    assert list(done.trials.values_list("attempts", flat=True)) == [1, 1, 1]
    assert done.version.artifact_digest == whole.version.artifact_digest
    assert done.metrics["trials"] == whole.metrics["trials"]


def test_run_that_takes_more_than_it_may_fails_and_says_which_and_how_much() -> None:
    run = trained(asked(limits={"memory_bytes": 2**20}))
    assert (run.state, ModelVersion.objects.count()) == ("failed", 0)
    assert "bytes of memory; 1,048,576 are allowed" in run.failure
    assert run.cost["memory_peak_bytes"] > 2**20
    assert recorded.names(run) == ["training_run.requested", "training_run.started", "training_run.failed"]


def test_run_that_somebody_stops_ends_as_cancelled_with_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    run, report = asked(), jobs.reporter

    def stopping(job: Any) -> Any:
        jobs.cancel(job, actor=acting(run.requested_by))
        return report(job)

    monkeypatch.setattr(jobs, "reporter", stopping)
    done = trained(run)
    assert (done.state, done.failure, "seconds" in done.cost) == ("cancelled", "", True)
    assert recorded.names(run)[2:] == ["training_run.cancel_requested", "training_run.cancelled"]


def test_run_done_again_is_certified_to_the_bit() -> None:
    run = trained(asked(recipe=factories.RECIPE))
    again = reproductions.request(run, actor=acting(run.requested_by))
    reproduction.reproduce(str(again.pk))
    done = Reproduction.objects.get(pk=again.pk)
    assert (done.state, done.failure, done.verdict, done.first_difference) == ("succeeded", "", "bit_identical", {})
    assert {name: one["same"] for name, one in done.compared.items() if "same" in one} == {
        "environment": True,
        "code": True,
        "data": True,
        "split train": True,
        "split holdout": True,
        "training rows": True,
        "trial 1": True,
        "parameters": True,
        "model": True,
    }
    assert done.compared["answers"]["difference_max"] == 0.0
    assert EvidenceItem.objects.get(kind="reproduction").fields["verdict"] == "bit_identical"


def test_run_that_does_not_come_out_the_same_is_told_where_it_differs_first() -> None:
    run = trained(asked(recipe=factories.RECIPE))
    other = trained(
        asked(recipe={**factories.RECIPE, "estimator": {"name": "logistic_regression", "parameters": {"C": 0.001}}})
    )
    ModelVersion.objects.filter(run=run).update(
        artifact=other.version.artifact, artifact_digest=other.version.artifact_digest
    )
    again = reproductions.request(TrainingRun.objects.get(pk=run.pk), actor=acting(run.requested_by))
    reproduction.reproduce(str(again.pk))
    done = Reproduction.objects.get(pk=again.pk)
    assert (done.verdict, done.first_difference["step"], done.first_difference["first"]) == (
        "different",
        "model",
        other.version.artifact_digest,
    )
    assert done.compared["answers"]["difference_max"] > 0.01


def test_help_for_a_run_that_is_over_does_nothing() -> None:
    run = factories.version().run
    trial_tasks.help_with(str(run.pk))
    assert run.trials.count() == 0


def test_help_takes_trials_that_the_run_s_own_worker_never_fits_again() -> None:
    alone, run = trained(asked()), asked()
    assert jobs.claim(TrainingRun, str(run.pk), actor=context.worker())
    trial_tasks.help_with(str(run.pk))
    assert list(run.trials.values_list("state", "attempts")) == [("done", 1)] * 3
    lose(run)
    done = trained(run)
    assert (done.state, done.attempts, done.metrics["trials"]) == ("succeeded", 2, alone.metrics["trials"])
    assert list(done.trials.values_list("attempts", flat=True)) == [1, 1, 1]


def test_help_for_a_run_whose_own_worker_is_gone_makes_room() -> None:
    run = asked()
    assert jobs.claim(TrainingRun, str(run.pk), actor=context.worker())
    lose(run)
    trial_tasks.help_with(str(run.pk))
    assert run.trials.count() == 0
