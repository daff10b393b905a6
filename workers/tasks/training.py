"""A requested run becomes a model version."""

from typing import Any

from celery import shared_task

from registry.models import TrainingRun
from registry.services import jobs, runs
from workers.tasks import context
from workers.tasks.tables import load


@shared_task(name="workers.train")
def train(pk: str) -> None:
    """Fit as the recipe says, prove the conversion, register the version."""
    from workers.pipelines import environment, recipes  # scikit-learn loads with the first run, not with the worker
    from workers.pipelines import train as training

    run = jobs.claim(TrainingRun, pk, actor=context.worker())
    if run is None:
        return
    with context.refusals_of(run):
        recipe = recipes.validate({**run.recipe, "seed": run.seed})
        trained = training.train(recipe, load(run.dataset_version), jobs.reporter(run))
        fitted = runs.Fitted(
            onnx=trained.onnx,
            input_schema=trained.input_schema,
            threshold=recipe.threshold,
            parameters={"chosen": trained.parameters, "recipe": recipe.document},
            metrics=_metrics(trained),
            code_digest=environment.code_digest(),
            environment=environment.describe(),
        )
        runs.complete(run, fitted=fitted, actor=context.worker(run.request))


def _metrics(trained: Any) -> dict[str, Any]:
    return {
        **trained.metrics,
        "trials": trained.trials,
        "splits": trained.splits,
        "train_digest": trained.train_digest,
        "parity": trained.parity,
        "warnings": trained.warnings,
        "seconds": trained.seconds,
    }
