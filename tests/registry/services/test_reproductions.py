"""Reproductions: asked for by whoever may measure, and fixed as evidence that a gate can demand."""

import pytest

from registry.errors import Conflict, NotPermitted
from registry.models import ModelVersion, Reproduction
from registry.roles import Role
from registry.services import jobs, reproductions
from registry.services.decisions import promotions
from registry.services.reproductions import Certificate
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
SAME = Certificate("bit_identical", {}, {"model": {"first": "a", "again": "a", "same": True}}, {"python": "3.11"})
OTHER = Certificate("different", {"step": "data", "first": "a", "again": "b"}, {}, {})

GATE = {
    "id": "run.repeats",
    "evidence": {"kind": "reproduction"},
    "require": {"field": "verdict", "in": ["bit_identical", "within_tolerance"]},
    "on_fail": "block",
}


def claimed(version: ModelVersion) -> Reproduction:
    asked = reproductions.request(version.run, actor=acting(factories.person(Role.VALIDATOR)))
    job = jobs.claim(Reproduction, str(asked.pk), actor=factories.bootstrap())
    assert job is not None
    return job


def test_certificate_is_evidence_about_the_version() -> None:
    version = factories.version()
    done = reproductions.complete(claimed(version), certificate=SAME, actor=factories.bootstrap())
    (item,) = version.evidence_sets.get().items.all()
    assert (done.state, done.verdict, item.kind) == ("succeeded", "bit_identical", "reproduction")
    assert item.fields == {"verdict": "bit_identical", "first_difference": None, "reproduction": str(done.pk)}
    assert recorded.names(done) == ["reproduction.requested", "reproduction.started", "reproduction.succeeded"]


def test_request_by_who_may_not_measure_is_refused() -> None:
    with pytest.raises(NotPermitted):
        reproductions.request(factories.version().run, actor=acting(factories.person(Role.DPO)))


def test_request_for_a_run_that_has_not_succeeded_is_refused() -> None:
    run = factories.run()
    with pytest.raises(Conflict, match="queued"):
        reproductions.request(run, actor=acting(run.requested_by))


def test_completion_by_a_worker_that_lost_the_job_is_refused() -> None:
    job = claimed(factories.version())
    Reproduction.objects.filter(pk=job.pk).update(heartbeat_at=job.created_at.replace(year=2020))
    jobs.claim(Reproduction, str(job.pk), actor=factories.bootstrap())
    with pytest.raises(Conflict):
        reproductions.complete(job, certificate=SAME, actor=factories.bootstrap())


@pytest.mark.parametrize(("certificate", "state"), [(None, "blocked"), (SAME, "in_review"), (OTHER, "blocked")])
def test_gate_can_demand_that_the_run_comes_out_the_same(certificate: Certificate | None, state: str) -> None:
    contract, floor = houses.policy_document("any")["gates"]
    house = houses.build(gates=[contract, floor, GATE])
    version = houses.measured(house)
    if certificate:
        reproductions.complete(claimed(version), certificate=certificate, actor=factories.bootstrap())
    asked = promotions.submit(
        version, slot=house.slot, policy=house.policy, reason="Better.", actor=acting(house.engineer)
    )
    assert asked.state == state
