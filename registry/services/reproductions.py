"""Reproductions: a run done again on a worker, and a certificate of whether the same came out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs
from registry.errors import Conflict
from registry.models import EvidenceSet, Reproduction, TrainingRun
from registry.models.base import Job
from registry.permissions import require
from registry.roles import Action
from registry.services import evidence
from registry.services.jobs import TASKS, finish, held


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a worker brings back: the verdict, what differed first, everything compared, and where it was done."""

    verdict: str
    first_difference: Mapping[str, Any]
    compared: Mapping[str, Any]
    environment: Mapping[str, Any]


def request(run: TrainingRun, *, actor: Actor) -> Reproduction:
    """Ask a worker to do a run again, with its recipe, seed and data. Records reproduction.requested.

    Whoever may measure a version may ask: a validator does not depend on the engineer's word. Raises Conflict where
    the run has not succeeded or its data are gone.
    """
    account = require(actor, Action.EVALUATE, run.model.system)
    if run.state != Job.State.SUCCEEDED:
        raise Conflict(f"The run is {run.state}; only a run that has succeeded can be done again.")
    if run.dataset_version.artifact.purged_at is not None:
        raise Conflict("The run's data are gone.", remedy="Nothing can show any more that it would come out the same.")
    with transaction.atomic(durable=True):
        reproduction = Reproduction.objects.create(run=run, requested_by=account, request=actor.request)
        log.record(events.ReproductionRequested(run=str(run.pk)), subject=reproduction, actor=actor)
        jobs.enqueue(TASKS[Reproduction], reproduction.pk, request=actor.request)
    return reproduction


def complete(reproduction: Reproduction, *, certificate: Certificate, actor: Actor) -> Reproduction:
    """Fix the certificate, and its verdict as evidence about the version that the run registered.

    Records evidence_set.recorded and reproduction.succeeded. Raises Conflict where it is another worker's by now.
    """
    with transaction.atomic(durable=True):
        reproduction = held(reproduction)
        reproduction.verdict = certificate.verdict
        reproduction.first_difference = dict(certificate.first_difference)
        reproduction.compared = dict(certificate.compared)
        reproduction.environment = dict(certificate.environment)
        set_: EvidenceSet = evidence.of_reproduction(reproduction, actor=actor)
        finish(reproduction)
        event = events.ReproductionSucceeded(
            verdict=reproduction.verdict,
            first_difference=reproduction.first_difference.get("step"),
            evidence_set=str(set_.pk),
        )
        log.record(event, subject=reproduction, actor=actor)
    return reproduction
