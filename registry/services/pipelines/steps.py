"""The steps of a pass, in order: each finds the row that it made before, or makes it through the row's service."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.actors import Actor
from registry import actors
from registry.errors import Conflict, Invalid
from registry.models import (
    DatasetVersion,
    Evaluation,
    Ingestion,
    ModelVersion,
    PipelineRun,
    PromotionRequest,
    Reproduction,
    TrainingRun,
)
from registry.models.base import Job, Record
from registry.services import evaluations, reproductions, runs, sources
from registry.services.approvals import grounds
from registry.services.decisions import promotions
from registry.services.pipelines import naming, origins

CAUSES = {
    PipelineRun.Cause.REQUESTED: TrainingRun.Cause.PIPELINE,
    PipelineRun.Cause.SCHEDULE: TrainingRun.Cause.SCHEDULE,
    PipelineRun.Cause.MONITOR: TrainingRun.Cause.MONITOR,
}
REASON = "Made by a pipeline; its author decides whether to put it forward."


@dataclass(frozen=True, slots=True)
class Step:
    """One step. find: the row that this pass has made already; make: makes it; what they return is a job or a row."""

    name: str
    find: Callable[[PipelineRun], Record | None]
    make: Callable[[PipelineRun], Record | None]


def of(document: Mapping[str, Any]) -> Iterator[Step]:
    """The steps that a definition asks for."""
    if "source" in document["data"]:
        yield Step("ingestion", ingested, _ingest)
    yield Step("training", trained, _train)
    if "evaluation" in document:
        yield Step("evaluation", evaluated, _evaluate)
    if document.get("reproduce", False):
        yield Step("reproduction", reproduced, _reproduce)
    if "promotion" in document:
        yield Step("draft", drafted, _draft)


def acting(run: PipelineRun, step: str) -> Actor:
    """By the registrar's rights, as they are now; the log names the person who asked, or the server where none did.

    Both have a part in what comes of it: the registrar as trainer and author, who asked as who drafted it.
    """
    account = run.pipeline.registered_by
    asked = run.cause == PipelineRun.Cause.REQUESTED
    name = actors.of(run.requested_by).id if asked else "system:pipeline"
    return Actor(id=name, request=origins.of(run.pk, step), account=account)


def ingested(run: PipelineRun) -> Ingestion | None:
    data = naming.dataset(run.pipeline.system, run.pipeline.document["data"]["dataset"])
    return data.ingestions.filter(request=origins.of(run.pk, "ingestion")).first()


def _ingest(run: PipelineRun) -> Ingestion:
    """Where the source is being read already, that reading comes first: the next look finds it over."""
    named = run.pipeline.document["data"]
    source = naming.source(naming.dataset(run.pipeline.system, named["dataset"]), named["source"])
    under_way = source.ingestions.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()
    return under_way or sources.read_now(source, actor=acting(run, "ingestion"))


def trained(run: PipelineRun) -> TrainingRun | None:
    family = naming.model(run.pipeline.system, run.pipeline.document["model"])
    return family.runs.select_related("model__system").filter(request=origins.of(run.pk, "training")).first()


def _train(run: PipelineRun) -> TrainingRun:
    document = run.pipeline.document
    return runs.request(
        naming.model(run.pipeline.system, document["model"]),
        dataset_version=_data(run),
        recipe=document["recipe"],
        seed=document.get("seed", 0),
        limits=document.get("limits"),
        cause=CAUSES[PipelineRun.Cause(run.cause)],
        actor=acting(run, "training"),
    )


def _data(run: PipelineRun) -> DatasetVersion:
    """What the source gave or, where it had nothing new or there is none, the dataset's newest version."""
    named = run.pipeline.document["data"]
    delivery = ingested(run) if "source" in named else None
    made = DatasetVersion.objects.filter(ingestion=delivery).first() if delivery else None
    version = made or _newest(run, named["dataset"])
    if version.contract_verdict == "warn" and not named.get("warnings", True):
        raise Invalid(f"The contract warns about {version}.", remedy="Mend the data, or let the pipeline accept it.")
    return version


def _newest(run: PipelineRun, name: str) -> DatasetVersion:
    version = naming.dataset(run.pipeline.system, name).versions.order_by("-number").first()
    if version is None:
        raise Invalid(f"The dataset {name!r} has no version yet.", remedy="Deliver data, or name a source.")
    return version


def candidate(run: PipelineRun) -> ModelVersion:
    """What the training registered; the step before has seen to it."""
    fit = trained(run)
    if fit is None:
        raise Conflict("The pass has trained nothing yet.")
    return ModelVersion.objects.select_related("model__system", "dataset_version__dataset").get(run=fit)


def evaluated(run: PipelineRun) -> Evaluation | None:
    return candidate(run).evaluations.filter(request=origins.of(run.pk, "evaluation")).first()


def _evaluate(run: PipelineRun) -> Evaluation:
    document, version = run.pipeline.document, candidate(run)
    wanted = document["evaluation"]
    elsewhere = _newest(run, wanted["dataset"]) if "dataset" in wanted else None
    return evaluations.request(
        version,
        dataset_version=elsewhere or version.dataset_version,
        split="all" if elsewhere else wanted.get("split", "holdout"),
        against=_champion(run, version) if wanted.get("against_champion", False) else None,
        seed=wanted.get("seed", 0),
        settings=wanted.get("settings", {}),
        actor=acting(run, "evaluation"),
    )


def _champion(run: PipelineRun, version: ModelVersion) -> ModelVersion | None:
    """What the candidate would be compared with in its slot; None where nothing ever served there."""
    named = run.pipeline.document.get("promotion")
    return grounds.baseline(version, naming.slot(run.pipeline.system, named["slot"])) if named else None


def reproduced(run: PipelineRun) -> Reproduction | None:
    fit = candidate(run).run
    return fit.reproductions.filter(request=origins.of(run.pk, "reproduction")).first()


def _reproduce(run: PipelineRun) -> Reproduction:
    return reproductions.request(candidate(run).run, actor=acting(run, "reproduction"))


def drafted(run: PipelineRun) -> PromotionRequest | None:
    """Nobody else asks for a version that this pass has just made, but a person may have been quicker."""
    version = candidate(run)
    return version.promotions.filter(slot__key=run.pipeline.document["promotion"]["slot"]).order_by("id").first()


def _draft(run: PipelineRun) -> PromotionRequest:
    """A draft that its author may put forward: a pipeline never does, and never executes."""
    named = run.pipeline.document["promotion"]
    return promotions.draft(
        candidate(run),
        slot=naming.slot(run.pipeline.system, named["slot"]),
        policy=naming.policy(named["policy"]),
        reason=named.get("reason", REASON),
        actor=acting(run, "draft"),
    )
