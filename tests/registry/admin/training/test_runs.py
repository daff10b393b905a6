"""The page of a training run: what was chosen first, its trials, and what it left behind."""

import pytest

from registry.models import TrainingRun, Trial
from registry.services import jobs
from tests import desks, factories
from tests.registry.admin import reading

pytestmark = pytest.mark.django_db

METRICS = {
    "cv_roc_auc_mean": 0.9,
    "cv_roc_auc_std": 0.01,
    "nested_roc_auc_mean": 0.88,
    "nested_roc_auc_std": 0.02,
    "warnings": ["It has not converged."],
}
COST = {"seconds": 60, "cpu_seconds": 20.5, "memory_peak_bytes": 2**20, "trials": 3, "trial_seconds": 50}


def fitted() -> TrainingRun:
    """A run with two trials, of which the second was chosen and the first failed."""
    parameters = {"estimator": "ridge", "chosen": {"alpha": 0.1}}
    run = factories.version(parameters=parameters, metrics=METRICS, cost=COST).run
    Trial.objects.create(run=run, number=1, estimator="ridge", parameters={"alpha": 9}, state="failed", failure="No.")
    Trial.objects.create(run=run, number=2, estimator="ridge", parameters={"alpha": 0.1}, state="done", reported=[0.9])
    return run


def test_page_tells_what_was_chosen_before_everything_else() -> None:
    run, client = fitted(), desks.reader()
    assert reading.headings(client, run) == [
        "What was chosen",
        "Cross-validation",
        "Warnings",
        "Trials",
        "Done again",
        "Recipe",
        "Environment",
        "Parameters",
        "In the audit log",
        "Do it again",
    ]
    read = reading.page(client, run)
    assert "ROC AUC 0.900 ± 0.010 0.880 ± 0.020" in read
    assert "It has not converged." in read


def test_page_marks_the_chosen_trial_and_says_why_another_failed() -> None:
    read = reading.page(desks.reader(), fitted())
    assert "1 ridge alpha 9 ✕ failed – – No. 2 ridge alpha 0.1 ✓ chosen 0.900 – –" in read


def test_page_tells_the_cost_with_its_units() -> None:
    read = reading.page(desks.reader(), fitted())
    assert "Time of the processor 20.5 s Memory at most 1.0 MiB Trials 3, 50.0 s over all workers" in read


def test_page_draws_the_curves_that_the_training_left() -> None:
    curve = {"name": "fit", "series": "train", "x": "step", "y": "score", "points": [[0, 0.9], [1, 0.7]]}
    shown = desks.reader().get(desks.page(factories.version(curves=[curve]).run)).content.decode()
    assert shown.count('class="picture-line"') == 1


def test_page_of_a_run_under_way_has_no_empty_parts() -> None:
    run = jobs.claim(TrainingRun, str(factories.run().pk), actor=factories.bootstrap())
    assert run is not None
    read = reading.page(desks.reader(), run)
    assert [words for words in ("What was chosen", "Done again", "Parameters") if words in read] == []
    assert "Trials No trial has begun." in read
