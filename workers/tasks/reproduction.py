"""A run is done again from nothing, and certified."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from celery import shared_task

from registry import artifacts
from registry.models import Reproduction, TrainingRun
from registry.services import jobs, reproductions
from registry.services.reproductions import Certificate
from workers.running import certificates, children
from workers.tasks import context
from workers.tasks.training import recipe_of


@shared_task(name="workers.reproduce")
def reproduce(pk: str) -> None:
    """Fit with the recorded recipe, seed and data; compare each step's digest and the answers with the first time."""
    reproduction = jobs.claim(Reproduction, pk, actor=context.worker())
    if reproduction is None:
        return
    with context.refusals_of(reproduction):
        run = reproduction.run
        with artifacts.local(run.dataset_version.digest, suffix=".parquet") as data, _first(run) as model:
            found = children.run(
                "workers.running.fits.again",
                {"recipe": recipe_of(run), "data": data, "model": model},
                serve={"progress": jobs.reporter(reproduction)},
                sign=lambda: jobs.check(reproduction),
                limits=children.limits(run.limits),
                usage=children.Usage(),
            )
        verdict = certificates.compare(_recorded(run), {**found, "data": run.dataset_version.digest})
        certificate = Certificate(
            verdict=verdict.verdict,
            first_difference=verdict.first_difference,
            compared=verdict.compared,
            environment=found["environment"],
        )
        actor = context.worker(reproduction.request)
        reproductions.complete(reproduction, certificate=certificate, actor=actor)


def _recorded(run: TrainingRun) -> certificates.Recorded:
    return certificates.Recorded(
        environment=run.environment,
        code_digest=run.code_digest,
        data=run.dataset_version.digest,
        metrics=run.metrics,
        parameters=run.parameters.get("chosen", run.parameters),
        artifact=run.version.artifact_digest,
    )


@contextmanager
def _first(run: TrainingRun) -> Iterator[Path | None]:
    """The model that the run registered; None where its bytes were given up, and digests alone can be compared."""
    artifact = run.version.artifact
    local = nullcontext() if artifact.purged_at else artifacts.local(artifact.digest, suffix=".onnx")
    with local as path:
        yield path
