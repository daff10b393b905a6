"""A house with a pipeline in it, and its jobs done by hand as workers would do them."""

from typing import Any

from registry.models import Evaluation, Pipeline, PipelineRun, Reproduction, TrainingRun
from registry.models.base import Job
from registry.services import evaluations, jobs, reproductions, runs
from registry.services.pipelines import passes, registration
from tests import factories, onnx_files
from tests.factories import acting, bootstrap
from tests.houses import House


def document(house: House, **changes: Any) -> dict[str, Any]:
    """From the newest data to a draft, with everything between."""
    whole = {
        "data": {"dataset": house.data.dataset.name},
        "model": house.model.name,
        "recipe": factories.RECIPE,
        "seed": 7,
        "evaluation": {"against_champion": True},
        "reproduce": True,
        "promotion": {"slot": house.slot.key, "policy": house.policy.name},
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def pipeline(house: House, **changes: Any) -> Pipeline:
    return registration.register(
        house.system, name="monthly", document=document(house, **changes), actor=acting(house.engineer)
    )


def asked(of: Pipeline, house: House) -> PipelineRun:
    return passes.request(of, actor=acting(house.engineer))


def on(run: PipelineRun) -> PipelineRun:
    """Move the pass on once, as a worker does."""
    passes.advance(str(run.pk), actor=bootstrap())
    return PipelineRun.objects.get(pk=run.pk)


def through(run: PipelineRun) -> PipelineRun:
    """Move the pass on and do its jobs, until it is over."""
    for _ in range(10):
        run = on(run)
        if run.state != Job.State.RUNNING:
            break
        work()
    return run


def work() -> None:
    """Every job that waits is done."""
    for kind, do in ((TrainingRun, _fit), (Evaluation, _measure), (Reproduction, _certify)):
        for row in kind._default_manager.filter(state=Job.State.QUEUED):
            do(jobs.claim(kind, str(row.pk), actor=bootstrap()))


def _fit(job: Any) -> None:
    fitted = runs.Fitted(
        onnx=onnx_files.logistic((0.05, 0.02), -float(factories.name("bias").partition("-")[2])),
        input_schema=factories.SCHEMA,
        threshold=0.5,
        parameters={"C": 1.0},
        metrics={"roc_auc": 0.81},
        code_digest="c" * 64,
        environment={"scikit-learn": "1.7"},
    )
    runs.complete(job, fitted=fitted, actor=bootstrap())


def _measure(job: Any) -> None:
    evaluations.complete(job, items=factories.items(0.85), actor=bootstrap())


def _certify(job: Any) -> None:
    certificate = reproductions.Certificate("bit_identical", {}, {}, {})
    reproductions.complete(job, certificate=certificate, actor=bootstrap())
