"""A search that two workers share: each trial is fitted once, and the outcome is that of one worker alone."""

import itertools
from pathlib import Path

from django.conf import settings as django_settings
from pytest_django.plugin import DjangoDbBlocker

from registry.models import ModelVersion, TrainingRun, Trial
from registry.models.base import Job
from registry.services import reproductions, runs
from tests import factories
from tests.factories import acting
from tests.workers.crew import crew

TRIALS = 24
RECIPE = {
    **factories.RECIPE,
    # A trial lasts about half a second, so that the search is not over before a helper is there.
    "estimator": {"name": "random_forest", "parameters": {"n_estimators": 150}},
    "search": {
        "kind": "bayesian",
        "trials": TRIALS,
        "batch": 4,
        "parameters": {"max_depth": {"low": 1, "high": 12}, "min_samples_leaf": {"low": 1, "high": 40}},
        "pruning": {"kind": "median", "startup": 4},
    },
    "cross_validation": {"folds": 3},
}


def asked() -> TrainingRun:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system), rows=400)
    return runs.request(model, dataset_version=data, recipe=RECIPE, seed=7, actor=acting(model.system.owner))


def over(job: Job) -> bool:
    job.refresh_from_db()
    return job.finished_at is not None


def at_once(trials: list[Trial]) -> bool:
    """Whether two were under way at the same time, as they never are on one worker."""
    spans = sorted((one.started_at, one.finished_at) for one in trials if one.started_at and one.finished_at)
    return any(later[0] < first[1] for first, later in itertools.pairwise(spans))


def test_bayesian_search_of_two_workers_fits_each_trial_once_and_ends_as_on_one(
    artifacts: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    shared = {"ARTIFACT_URL": django_settings.ARTIFACT_URL, "TRIAL_HELP_AFTER_SECONDS": "0", "TRIAL_HELPERS": "1"}
    with django_db_blocker.unblock(), crew(artifacts, workers=2, **shared) as workers:
        run = asked()
        workers.send("workers.train", str(run.pk))
        workers.until(lambda: over(run), seconds=180)
        trials = list(run.trials.order_by("number"))
        assert (run.state, run.failure, run.attempts, ModelVersion.objects.count()) == ("succeeded", "", 1, 1)
        assert [(one.number, one.attempts) for one in trials] == [(number, 1) for number in range(1, TRIALS + 1)]
        assert {one.state for one in trials} == {"done", "pruned"}
        assert at_once(trials)

        # Whoever does it again does every trial alone.
        again = reproductions.request(run, actor=acting(run.requested_by))
        workers.send("workers.reproduce", str(again.pk))
        workers.until(lambda: over(again), seconds=180)
        assert (again.verdict, again.first_difference) == ("bit_identical", {})
