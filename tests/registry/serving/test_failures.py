"""Requests without an answer: kept with their cause after the refusal, never with what was sent."""

from typing import Any

import onnxruntime
import pytest

from registry.errors import Invalid, NotPermitted, Problem
from registry.models import FailedRequest, Prediction, User
from registry.roles import Role
from registry.serving import failures, inference, snapshot
from registry.serving.failures import Asked
from registry.serving.inference import Row
from tests import factories, houses, onnx_files
from tests.factories import acting
from tests.houses import House

FITS = Row({"AGEP": 30, "SCHL": 20})


@pytest.fixture(autouse=True)
def _fresh_snapshots(db: None) -> None:
    snapshot._snapshots.clear()


@pytest.fixture
def house() -> House:
    return houses.build()


@pytest.fixture
def caller(house: House) -> User:
    return factories.person(Role.CALLER, system=house.system, kind=User.Kind.SERVICE)


def kept() -> list[tuple[Any, ...]]:
    return list(FailedRequest.objects.values_list("cause", "model_version", "row_count", "detail"))


def test_rows_that_do_not_fit_are_kept_with_their_columns_alone(house: House, caller: User) -> None:
    version = houses.champion(house).champion_id
    rows = [FITS, Row({"AGEP": "Ada Lovelace", "SCHL": 20, "Ada": 1}), Row({"SCHL": 1})]
    with pytest.raises(Invalid):
        inference.predict(house.slot.key, rows, actor=acting(caller))
    assert kept() == [("invalid", version, 3, "Some rows do not fit the version's input schema. At: AGEP.")]


def test_attributes_that_cannot_be_kept_leave_the_request_without_a_version(house: House, caller: User) -> None:
    houses.champion(house)
    with pytest.raises(Invalid):
        inference.predict(house.slot.key, [Row(FITS.features, attributes={"Ada": {}})], actor=acting(caller))
    assert kept() == [("invalid", None, 1, "Some attributes cannot be kept.")]


def test_row_without_a_finite_answer_is_kept_with_its_version(house: House, caller: User) -> None:
    version = houses.champion(house).champion_id
    with pytest.raises(Invalid):
        inference.predict(house.slot.key, [FITS, Row({"AGEP": None, "SCHL": 20})], actor=acting(caller))
    assert kept() == [("no_answer", version, 2, "1 of 2 rows are answered with no finite number.")]
    assert Prediction.objects.count() == 0


def test_error_of_the_version_is_kept_by_its_kind_and_raised(house: House, caller: User) -> None:
    version = houses.champion(house).champion_id
    session = onnxruntime.InferenceSession(onnx_files.looking_up(2))
    object.__setattr__(snapshot.of(house.slot.key).champion, "session", session)
    inference.predict(house.slot.key, [Row({"AGEP": 1, "SCHL": 20})], actor=acting(caller))
    with pytest.raises(Exception, match="idx=93"):
        inference.predict(house.slot.key, [Row({"AGEP": 93, "SCHL": 20})], actor=acting(caller))
    assert kept() == [("defect", version, 1, "InvalidArgument")]


def test_request_that_is_answered_keeps_no_failure(house: House, caller: User) -> None:
    houses.champion(house)
    inference.predict(house.slot.key, [FITS], actor=acting(caller))
    assert kept() == []


def test_request_of_who_may_not_ask_is_not_kept(house: House) -> None:
    houses.champion(house)
    with pytest.raises(NotPermitted):
        inference.predict(house.slot.key, [Row({"AGEP": "x"})], actor=acting(house.engineer))
    assert kept() == []


def test_problem_of_the_canary_names_the_row_of_the_request(house: House, caller: User) -> None:
    houses.champion(house)
    houses.executed(house)
    rows = [Row({"AGEP": 30, "SCHL": 20}, entity=str(number)) for number in range(100)]
    arms = [answer.arm for answer in inference.predict(house.slot.key, rows, actor=acting(caller))]
    wrong = arms.index("canary")
    rows[wrong] = Row({"AGEP": "x", "SCHL": 20}, entity=str(wrong))
    with pytest.raises(Invalid) as refused:
        inference.predict(house.slot.key, rows, actor=acting(caller))
    assert [problem.pointer for problem in refused.value.problems] == [f"/rows/{wrong}/features/AGEP"]


def test_detail_is_cut_where_it_is_long(house: House) -> None:
    asked = Asked(house.slot, 1, "r-1")
    assert len(asked.failed("invalid", "x" * 10_000).detail) == failures.LONGEST_DETAIL


def test_misfit_leaves_out_names_that_are_not_of_the_schema() -> None:
    refusal = Invalid("It does not fit.", problems=[Problem("/rows/0/features/Ada", "is not a column of this version")])
    assert failures.misfit(refusal, [{"name": "AGEP"}]) == "It does not fit."
