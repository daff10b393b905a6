"""A requested run becomes a model version."""

from collections.abc import Mapping
from typing import Any

from celery import shared_task
from django.conf import settings

from registry import artifacts
from registry.models import ModelVersion, TrainingRun
from registry.services import job_lines, jobs, runs, trials
from workers.running import children
from workers.tasks import context
from workers.tasks.trials import TrialRows

#: What the worker found out about a run, by the names under which its metrics keep it.
KEPT = ("trials", "splits", "train_digest", "parity", "preparation", "warnings", "seconds")


@shared_task(name="workers.train")
def train(pk: str) -> None:
    """Fit as the recipe says in a process of its own, prove the conversion, register the version."""
    run = jobs.claim(TrainingRun, pk, actor=context.worker())
    if run is None:
        return
    with context.refusals_of(run):
        found = fit(run)
        job_lines.extend(run, found["warnings"], level="warning")
        fitted = runs.Fitted(
            onnx=found["onnx"],
            task=found["task"],
            input_schema=found["input_schema"],
            output_schema=found["output_schema"],
            threshold=_threshold(found),
            parameters={"chosen": found["parameters"], "estimator": found["estimator"], "recipe": found["document"]},
            metrics={**found["metrics"], **{name: found[name] for name in KEPT}},
            code_digest=found["code_digest"],
            environment=found["environment"],
            cost=run.cost,
            trade_off=found["trade_off"],
            curves=found["curves"],
        )
        runs.complete(run, fitted=fitted, actor=context.worker(run.request))


def fit(run: TrainingRun) -> dict[str, Any]:
    """What the process of the run found; the row learns the cost of this attempt, however it ends."""
    rows, usage = TrialRows(run), children.Usage()
    try:
        with artifacts.local(run.dataset_version.digest, suffix=".parquet") as data:
            found: dict[str, Any] = children.run(
                "workers.running.fits.fit",
                {"recipe": recipe_of(run), "data": data, "dask": settings.DASK_SCHEDULER_ADDRESS},
                serve={**rows.served(), "progress": jobs.reporter(run)},
                sign=lambda: _sign(run, rows),
                limits=children.limits(run.limits),
                usage=usage,
            )
    finally:
        run.cost = {**usage.document(), **_trial_cost(run), "attempts": run.attempts}
    return found


def recipe_of(run: TrainingRun) -> dict[str, Any]:
    """The recipe with the run's seed, which stands in a column of its own."""
    return {**run.recipe, "seed": run.seed}


def _sign(run: TrainingRun, rows: TrialRows) -> None:
    jobs.check(run)
    rows.beat()


def _trial_cost(run: TrainingRun) -> dict[str, Any]:
    """Over all workers and attempts: how many trials, and the seconds that they took."""
    seconds = [one.seconds or 0.0 for one in trials.ended(run)]
    return {"trials": len(seconds), "trial_seconds": round(sum(seconds), 3)}


def _threshold(found: Mapping[str, Any]) -> float:
    """Where a version decides; a task without a decision keeps what the column has by default."""
    threshold = found["threshold"]
    default: float = ModelVersion._meta.get_field("threshold").get_default()
    return default if threshold is None else float(threshold)
