"""Trials as rows: taken by one worker at a time, done once, taken over from a dead one."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from registry.models import Trial
from registry.services import trials
from tests import factories

pytestmark = pytest.mark.django_db
DONE = {"state": "done", "metrics": {"roc_auc": 0.8}, "seconds": 1.5}


def claim(run: object, number: int = 1) -> int | None:
    return trials.claim(run, number, estimator="logistic_regression", parameters={"C": 1.0})  # type: ignore[arg-type]


def test_claim_makes_the_trial_and_a_second_one_gets_nothing() -> None:
    run = factories.run()
    assert (claim(run), claim(run), claim(run, 2)) == (1, None, 1)
    assert list(run.trials.values_list("number", "state")) == [(1, "running"), (2, "running")]


def test_trial_of_a_dead_worker_is_taken_over_and_its_late_result_is_void() -> None:
    run = factories.run()
    claim(run)
    trials.report(run, 1, 0.7, attempt=1)
    before = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS + 1)
    Trial.objects.update(heartbeat_at=before)
    assert claim(run) == 2
    assert trials.finish(run, 1, {**DONE, "seconds": 99.0}, attempt=1) is False
    assert trials.finish(run, 1, DONE, attempt=2) is True
    assert [(one.state, one.attempts, one.seconds, one.reported) for one in trials.ended(run)] == [("done", 2, 1.5, [])]


def test_trial_that_is_done_is_never_taken_again() -> None:
    run = factories.run()
    claim(run)
    trials.finish(run, 1, DONE, attempt=1)
    Trial.objects.update(heartbeat_at=timezone.now() - timedelta(days=1))
    assert claim(run) is None


def test_beat_and_report_keep_a_trial_alive_for_its_own_worker_only() -> None:
    run = factories.run()
    claim(run)
    Trial.objects.update(heartbeat_at=None)
    trials.beat(run, 1, attempt=7)
    assert run.trials.get().heartbeat_at is None
    trials.beat(run, 1, attempt=1)
    trials.report(run, 1, 0.7, attempt=1)
    trials.report(run, 1, 0.8, attempt=1)
    assert (run.trials.get().reported, run.trials.get().heartbeat_at is None) == ([0.7, 0.8], False)
