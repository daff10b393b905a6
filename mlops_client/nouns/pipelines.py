"""Pipelines: one document from source to candidate, and its passes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from mlops_client.errors import Unusable
from mlops_client.nouns import jobs
from mlops_client.nouns.base import Collection, Named, Record, Rows, identity, no_version, numbered
from mlops_client.nouns.models import ModelVersion
from mlops_client.nouns.promotions import Promotion
from mlops_client.nouns.systems import System, Systems


@dataclass(kw_only=True, repr=False)
class PipelineRun(jobs.Job):
    """One pass; `steps` says what each step so far has made, by name, state and id."""

    PATH = "/api/v1/pipeline-runs"
    NOUN: ClassVar[str] = "pass"
    SHOWN = ("id", "cause", "state", "progress_percent", "steps", "failure", "cancel_requested_at")
    LISTED = ("id", "cause", "state", "progress_percent", "progress_message", "created_at")

    pipeline: str
    cause: str
    steps: list[dict[str, Any]]
    model_version: str | None = None
    promotion: str | None = None
    cancel_requested_at: datetime | None = None

    @property
    def version(self) -> ModelVersion:
        """The candidate. Raises Unusable before the pass has succeeded."""
        return ModelVersion.read(jobs.made(self.session, ModelVersion.PATH, self, name="model_version"), self.session)

    @property
    def draft(self) -> Promotion:
        """The draft request, which only the pipeline's registrar puts forward. Raises Unusable where there is none."""
        return Promotion.read(jobs.made(self.session, Promotion.PATH, self, name="promotion"), self.session)


@dataclass(kw_only=True, repr=False)
class Pipeline(Record):
    """One version of a definition; the next one of the same name takes over from it."""

    PATH = "/api/v1/pipelines"
    SHOWN = ("name", "version", "state", "due_at", "document", "id")
    LISTED = ("name", "version", "state", "due_at", "id")

    system: str
    name: str
    version: int
    state: str
    digest: str
    due_at: datetime | None
    revision: int
    created_at: datetime
    document: dict[str, Any] = field(default_factory=dict)

    def run(self) -> PipelineRun:
        """Start a pass, which makes a candidate and a draft request and puts nothing forward; returns at once."""
        return PipelineRun.read(self.session.post(f"/api/v1/pipelines/{self.id}/runs"), self.session)

    def runs(self) -> Rows[PipelineRun]:
        """Its passes, newest first."""
        return PipelineRuns(self.session).all(pipeline=self)

    def pause(self, reason: str) -> Self:
        """Let neither schedule nor monitor start it. Raises Conflict where somebody was quicker."""
        return self._move(f"/api/v1/pipelines/{self.id}/pause", reason)

    def resume(self, reason: str) -> Self:
        """Let them start it again."""
        return self._move(f"/api/v1/pipelines/{self.id}/resume", reason)

    def retire(self, reason: str) -> Self:
        """Never start it again; what it made stays."""
        return self._move(f"/api/v1/pipelines/{self.id}/retire", reason)

    def _move(self, address: str, reason: str) -> Self:
        return self._became(self.session.post(address, {"reason": reason}, revision=self.revision))


class PipelineRuns(Collection[PipelineRun]):
    RECORD = PipelineRun


class Pipelines(Named[Pipeline]):
    """By id, ``name@number``, or the bare name for the newest version."""

    RECORD = Pipeline

    def _named(self, name: str) -> Pipeline:
        name, number = numbered(name)
        versions = list(self.all(name=name))
        if len({one.system for one in versions}) > 1:
            raise Unusable(f"Several systems have a pipeline {name!r}.", remedy="Name the pipeline by its id.")
        if not versions:
            return super()._named(name)
        return _version(versions, name, number).refresh()

    def register(self, system: System | str, name: str, document: dict[str, Any]) -> Pipeline:
        """Fix a definition as the next version of its name. You are its author: you will not decide on what it drafts.

        document: data, model, recipe and what else docs/training.md says of pipelines. Raises Invalid.
        """
        body = {"system": identity(Systems(self._session).get(system)), "name": name, "document": document}
        return self._post("/api/v1/pipelines", body)


def _version(versions: Iterable[Pipeline], name: str, number: int | None) -> Pipeline:
    of = {one.version: one for one in versions}
    if number is not None and number not in of:
        raise no_version(name, number, max(of))
    return of[max(of) if number is None else number]
