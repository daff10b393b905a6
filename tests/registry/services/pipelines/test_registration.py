"""Definitions: closed documents that name what is there, one active version a name."""

from typing import Any

import pytest

from registry.errors import Conflict, Invalid, NotPermitted, RevisionMismatch
from registry.models import Pipeline
from registry.roles import Role
from registry.services.pipelines import registration
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.registry.services.pipelines import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return houses.build()


def test_next_version_takes_over_from_the_one_before(house: House) -> None:
    first, second = make.pipeline(house, schedule={"every_seconds": 60}), make.pipeline(house, seed=8)
    stored = recorded.fresh(first)
    assert (second.version, stored.state, stored.due_at) == (2, "retired", None)
    assert recorded.names(first) == ["pipeline.registered", "pipeline.superseded"]
    assert recorded.names(second) == ["pipeline.registered"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"sched": {}}, "/document"),
        ({"schedule": {"every_seconds": 1}}, "/document/schedule/every_seconds"),
        ({"data": {"dataset": "nothing"}}, "/document/data/dataset"),
        ({"model": "nothing"}, "/document/model"),
        ({"promotion": {"slot": "no.such.slot", "policy": "x"}}, "/document/promotion/slot"),
        ({"recipe": {"task": "guess"}}, "/recipe"),
    ],
)
def test_document_that_cannot_be_used_points_at_the_place(house: House, changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        make.pipeline(house, **changes)
    assert (caught.value.problems[0].pointer, Pipeline.objects.count()) == (pointer, 0)


def test_document_cannot_reach_into_another_system(house: House) -> None:
    elsewhere = factories.model()
    with pytest.raises(Invalid):
        make.pipeline(house, model=elsewhere.name)


def test_registration_by_who_may_not_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        registration.register(
            house.system, name="mine", document=make.document(house), actor=acting(factories.person(Role.OPERATOR))
        )


def test_pause_resume_and_retire_are_on_record_with_their_reasons(house: House) -> None:
    pipeline, actor = make.pipeline(house, schedule={"every_seconds": 60}), acting(house.engineer)
    paused = registration.pause(pipeline, revision=1, reason="Moving.", actor=actor)
    assert (paused.state, paused.due_at) == ("paused", None)
    resumed = registration.resume(pipeline, revision=2, reason="Moved.", actor=actor)
    assert (resumed.state, resumed.due_at is None) == ("active", False)
    retired = registration.retire(pipeline, revision=3, reason="Over.", actor=actor)
    assert (retired.state, retired.revision) == ("retired", 4)
    assert recorded.names(pipeline)[1:] == ["pipeline.paused", "pipeline.resumed", "pipeline.retired"]
    with pytest.raises(Conflict):
        registration.resume(pipeline, revision=4, reason="Again.", actor=actor)
    with pytest.raises(RevisionMismatch):
        registration.resume(pipeline, revision=1, reason="Again.", actor=actor)
