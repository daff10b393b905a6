"""Data in, models out: the lifecycle's first half through the client, on real workers and small data."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker
from sklearn import datasets as shipped

from mlops_client import Client, JobCancelled
from mlops_client.nouns.runs import Run
from mlops_server import processes
from registry.roles import Role
from tests import databases, factories, live

ROWS = 240
CITIES = ("Aachen", "Bonn", "Cologne")
LOAN: dict[str, Any] = {
    "task": "binary_classification",
    "label": "paid",
    "features": {"city": "categorical", "since": "date", "income": "numeric"},
    "estimator": {"name": "logistic_regression"},
    "search": {"kind": "random", "trials": 3, "parameters": {"C": {"low": 0.01, "high": 10, "log": True}}},
    "cross_validation": {"folds": 3},
    "holdout": 0.3,
}


STUBBORN = """
import sys, time
import django; django.setup()
from billiard.process import current_process
from registry.models import Explanation
from registry.services import jobs
from workers.tasks import context

current_process().name = "ForkPoolWorker-9"
job = jobs.claim(Explanation, sys.argv[1], actor=context.worker())
with context.refusals_of(job):
    print("deaf", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a source reads: loans, of which those with income in the right cities are paid back."""
    folder = tmp_path_factory.mktemp("inbox")
    with (folder / "loans.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["city", "since", "income", "paid"])
        for n in range(ROWS):
            income, city = (n * 37) % 100, CITIES[n % 3]
            since = date(2020, 1, 1) + timedelta(days=(n * 11) % 900)
            writer.writerow([city, since.isoformat(), income, int(income + 20 * (city == "Bonn") > 55)])
    return folder


@pytest.fixture(scope="module")
def stack(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory, inbox: Path
) -> Iterator[live.Stack]:
    """Its workers may read the inbox, and wait no longer than two seconds for work that shall stop."""
    folder = tmp_path_factory.mktemp("first-half")
    with pytest.MonkeyPatch.context() as environment, django_db_blocker.unblock():
        environment.setitem(os.environ, "SOURCE_ROOTS", str(inbox))
        environment.setitem(os.environ, "JOB_CANCEL_SECONDS", "2")
        with live.stack(folder, "web", "worker") as running, databases.used(running.database):
            yield running


@pytest.fixture(scope="module")
def client(stack: live.Stack) -> Iterator[Client]:
    token = factories.token(factories.person(Role.ENGINEER)).split()[1]
    with Client(stack.url, token) as signed_in:
        signed_in.systems.register("first-half", purpose="To be tested.", risk_tier="minimal")
        yield signed_in


@pytest.fixture(scope="module")
def loans(client: Client, inbox: Path) -> Run:
    """A run on what a source delivered, with texts and dates, its parameters searched at random."""
    dataset = client.datasets.register("first-half", "loans", licence="CC0-1.0")
    where = {"url": f"file://{inbox}/*.csv", "format": "csv"}
    source = client.sources.register(dataset, "inbox", kind="files", settings=where)
    version = source.read_now().follow(show=False).version
    client.models.register("first-half", "payer")
    return client.train("payer", version, recipe=LOAN, seed=7).follow(show=False)


def test_run_on_a_source_with_texts_and_dates_learns(client: Client, loans: Run) -> None:
    assert client.dataset_versions.get("loans@1").row_count == ROWS
    assert {one["name"]: one["type"] for one in loans.version.input_schema} == LOAN["features"]
    trials = client.session.get(f"/api/v1/runs/{loans.id}/trials")
    assert [one["state"] for one in trials] == ["done"] * 3


def test_run_done_again_is_identical_to_the_bit(loans: Run) -> None:
    reproduction = loans.reproduce().follow(show=False)
    assert (reproduction.verdict, reproduction.first_difference) == ("bit_identical", {})


def test_run_is_evaluated_and_explained(client: Client, loans: Run) -> None:
    figures = client.evaluate(loans.version).follow(show=False).figures(metric="roc_auc")
    assert [one.n for one in figures] == [ROWS * 3 // 10]
    explained = client.explanations.request(loans.version, settings={"rows": 20}).follow(show=False)
    assert (explained.state, bool(explained.digest)) == ("succeeded", True)


def test_run_of_a_regression_on_diabetes_measures_it(client: Client) -> None:
    frame = shipped.load_diabetes(as_frame=True).frame
    client.datasets.register("first-half", "diabetes", licence="BSD-3-Clause").push(frame, show=False)
    client.models.register("first-half", "progression")
    features = dict.fromkeys(frame.columns.drop("target"), "numeric")
    recipe = {"task": "regression", "label": "target", "features": features, "estimator": {"name": "ridge"}}
    run = client.train("progression", "diabetes@1", recipe=recipe, seed=7).follow(show=False)
    (r2,) = client.evaluate(run.version).follow(show=False).figures(metric="r2")
    assert 0.3 < (r2.value or 0) < 0.7


def test_run_that_is_cancelled_makes_no_version(client: Client, loans: Run) -> None:
    searched = {**LOAN, "search": {**LOAN["search"], "trials": 200}}
    run = client.train("payer", "loans@1", recipe=searched, seed=8)
    run.cancel("The wrong data.")
    with pytest.raises(JobCancelled):
        run.follow(show=False, timeout_seconds=60)
    assert (run.state, run.model_version) == ("cancelled", None)


def test_pipeline_reads_its_source_and_makes_a_candidate_of_what_is_new(
    client: Client, loans: Run, inbox: Path
) -> None:
    header, *rows = (inbox / "loans.csv").read_text().splitlines()
    (inbox / "more.csv").write_text("\n".join([header, *rows[:90]]) + "\n")
    document = {"data": {"dataset": "loans", "source": "inbox"}, "model": "payer", "recipe": LOAN, "seed": 9}
    made = client.pipelines.register("first-half", "monthly", document).run().follow(show=False)
    assert [step["name"] for step in made.steps] == ["ingestion", "training"]
    assert (made.version.name, client.dataset_versions.get("loans").number) == ("payer v2", 2)
    assert client.runs.get(made.version.run).dataset_version == client.dataset_versions.get("loans@2").id


def test_work_that_takes_no_notice_of_a_cancel_ends_with_its_process(
    client: Client, loans: Run, stack: live.Stack
) -> None:
    stack.stop("worker")
    asked = client.explanations.request(loans.version, settings={"rows": 20})
    environment = {**stack.environment, "DATABASE_URL": stack.address("worker")}
    command = [sys.executable, "-c", STUBBORN, asked.id]
    with subprocess.Popen(command, env=environment, cwd=processes.BASE_DIR, stdout=subprocess.PIPE, text=True) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == "deaf\n"
        asked.cancel()
        assert deaf.wait(30) == -signal.SIGKILL
    assert (asked.refresh().state, asked.refresh().failure) == ("cancelled", "")
