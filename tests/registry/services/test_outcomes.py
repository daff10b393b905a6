"""What turned out to be true: classes and numbers, late, some of them, revised; what cannot be kept is named."""

import math
from typing import Any

import pytest

from registry.errors import Invalid
from registry.models import ModelVersion, Outcome, Prediction, User
from registry.roles import Role
from registry.services import predictions
from tests import factories
from tests.factories import acting

CLASSES = ["none", "some", "all"]
LABELLED = {
    "task": ModelVersion.Task.MULTICLASS,
    "output_schema": [{"name": "label", "type": "integer", "classes": CLASSES}],
}
NUMBERED = {"task": ModelVersion.Task.REGRESSION, "output_schema": [{"name": "value", "type": "number"}]}

pytestmark = pytest.mark.django_db


def answered(**fitted: Any) -> Prediction:
    return factories.prediction(factories.version(**fitted))


def report(prediction: Prediction, *values: Any) -> int:
    caller = factories.person(Role.CALLER, system=prediction.slot.system, kind=User.Kind.SERVICE)
    rows = [{"prediction": prediction.pk, "value": value} for value in values]
    return predictions.record_outcomes(prediction.slot, rows, actor=acting(caller))


def stored(prediction: Prediction) -> list[float]:
    """The newest first, which is the one that counts."""
    return list(prediction.outcomes.values_list("value", flat=True))


@pytest.mark.parametrize(("value", "kept"), [("none", 0.0), ("all", 2.0)])
def test_class_is_kept_as_its_place_as_a_decision_is(value: str, kept: float) -> None:
    prediction = answered(**LABELLED)
    report(prediction, value)
    assert stored(prediction) == [kept]


@pytest.mark.parametrize("value", [0, 1, 1.0])
def test_binary_outcome_is_nought_or_one(value: float) -> None:
    prediction = answered()
    report(prediction, value)
    assert stored(prediction) == [float(value)]


@pytest.mark.parametrize("value", [0, -17.25, 1840, 1e300])
def test_outcome_of_a_regression_is_any_finite_number(value: float) -> None:
    prediction = answered(**NUMBERED)
    report(prediction, value)
    assert stored(prediction) == [float(value)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, "12", True, None, [1]])
def test_outcome_that_is_no_finite_number_is_refused_by_row(value: Any) -> None:
    prediction = answered(**NUMBERED)
    with pytest.raises(Invalid, match="none was stored") as refused:
        report(prediction, 1.0, value)
    assert [problem.pointer for problem in refused.value.problems] == ["/outcomes/1/value"]
    assert stored(prediction) == []


@pytest.mark.parametrize("value", [2, 0.5, math.nan, "1", True, "yes", {}])
def test_outcome_that_is_neither_nought_nor_one_is_refused(value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        report(answered(), value)
    assert [problem.detail for problem in refused.value.problems] == [
        "is none of the version's 2 classes, such as 0",
    ]


@pytest.mark.parametrize("value", ["None", 0, "many"])
def test_outcome_that_is_none_of_the_classes_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        report(answered(**LABELLED), value)
    assert Outcome.objects.count() == 0


def test_outcome_that_is_revised_many_times_in_one_request_counts_last() -> None:
    prediction = answered(**NUMBERED)
    assert report(prediction, *range(50)) == 50
    assert stored(prediction) == [float(number) for number in reversed(range(50))]


def test_outcomes_of_some_predictions_leave_the_others_waiting() -> None:
    first = answered()
    second = Prediction.objects.create(**{**_fields(first), "score": 0.9})
    report(first, 1)
    assert (stored(first), stored(second)) == ([1.0], [])


def test_outcomes_cost_the_same_queries_for_one_and_for_many(django_assert_num_queries: Any) -> None:
    prediction = answered(**NUMBERED)
    caller = acting(factories.person(Role.CALLER, system=prediction.slot.system, kind=User.Kind.SERVICE))
    rows = [{"prediction": prediction.pk, "value": 1.0}] * 30
    with django_assert_num_queries(4):
        predictions.record_outcomes(prediction.slot, rows[:1], actor=caller)
    with django_assert_num_queries(4):
        predictions.record_outcomes(prediction.slot, rows, actor=caller)


def _fields(row: Prediction) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"}
