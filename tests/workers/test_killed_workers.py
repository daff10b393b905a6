"""Long work survives: workers killed at random, lost messages, doubled ones; everything is done, and done once."""

import random
import time
from collections import Counter
from pathlib import Path

from django.conf import settings as django_settings
from pytest_django.plugin import DjangoDbBlocker

from audit.models import Event
from registry.models import ModelVersion, Reproduction, TrainingRun, Trial
from registry.models.base import Job
from registry.services import reproductions, runs
from tests import factories
from tests.factories import acting
from tests.workers.crew import crew

JOBS, WORKERS, KILLED = 10, 4, 2
RECIPE = {
    **factories.RECIPE,
    "search": {"kind": "grid", "parameters": {"C": [0.1, 1.0]}},
    "cross_validation": {"folds": 2},
}


def asked() -> list[TrainingRun]:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system), rows=200)
    return [
        runs.request(model, dataset_version=data, recipe=RECIPE, seed=seed, actor=acting(model.system.owner))
        for seed in range(JOBS)
    ]


def over() -> bool:
    return not TrainingRun.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).exists()


def test_ten_runs_on_four_workers_of_which_two_are_killed_all_finish_once(
    artifacts: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with (
        django_db_blocker.unblock(),
        crew(artifacts, workers=WORKERS, ARTIFACT_URL=django_settings.ARTIFACT_URL) as workers,
    ):
        # Their messages went to this process's broker, where nobody listens: all of them are lost.
        wanted = asked()
        for run in wanted[:3]:
            for _ in range(2):
                workers.send("workers.train", str(run.pk))
        workers.until(lambda: TrainingRun.objects.filter(state=Job.State.RUNNING).count() >= KILLED, seconds=120)
        for number in workers.unlucky(KILLED):
            time.sleep(random.uniform(0, 4))
            workers.kill(number)
        workers.until(over, seconds=300)

        assert Counter(TrainingRun.objects.values_list("state", "failure")) == {("succeeded", ""): JOBS}
        assert sorted(ModelVersion.objects.values_list("number", flat=True)) == list(range(1, JOBS + 1))
        assert {version.run_id for version in ModelVersion.objects.all()} == {run.pk for run in wanted}
        told = Counter(Event.objects.filter(subject_type="training_run").values_list("event", flat=True))
        started = sum(TrainingRun.objects.values_list("attempts", flat=True))
        assert told == {
            "training_run.requested": JOBS,
            "training_run.started": started,
            "training_run.succeeded": JOBS,
        }
        assert Counter(Trial.objects.values_list("state", flat=True)) == {"done": 2 * JOBS}

        # And what they made is the same on another worker, to the bit.
        run = TrainingRun.objects.filter(attempts__gt=1).first() or wanted[0]
        again = reproductions.request(TrainingRun.objects.get(pk=run.pk), actor=acting(run.requested_by))
        workers.send("workers.reproduce", str(again.pk))
        workers.until(lambda: Reproduction.objects.get(pk=again.pk).finished_at is not None, seconds=120)
        assert Reproduction.objects.get(pk=again.pk).verdict == "bit_identical"
