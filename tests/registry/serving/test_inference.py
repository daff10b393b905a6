"""Predictions: only under a valid approval, logged before they are answered, sealed so that a change shows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit import actors as system_actors
from audit.database import grants
from registry.errors import Invalid, NothingServes, NotPermitted
from registry.models import Outcome, Prediction, PredictionBatch, PromotionRequest, Slot, User
from registry.roles import Role
from registry.services import predictions
from registry.services.slots import emergencies, rollback
from registry.serving import inference, snapshot
from registry.serving.inference import Row
from tests import databases, factories, houses, recorded
from tests.factories import acting
from tests.houses import House

ROWS = [Row({"AGEP": 30 + number, "SCHL": 20}, entity=f"p-{number}", attributes={"SEX": 1}) for number in range(40)]


@pytest.fixture(autouse=True)
def _fresh_snapshots(db: None) -> None:
    snapshot._snapshots.clear()


@pytest.fixture
def house() -> House:
    return houses.build()


@pytest.fixture
def caller(house: House) -> User:
    return factories.person(Role.CALLER, system=house.system, kind=User.Kind.SERVICE)


def test_predict_logs_every_answer_in_the_order_of_the_rows(house: House, caller: User) -> None:
    assignment = houses.champion(house)
    answers = inference.predict(house.slot.key, ROWS, actor=acting(caller))
    assert [answer.entity for answer in answers] == [row.entity for row in ROWS]
    assert {answer.model_version_id for answer in answers} == {assignment.champion_id}
    assert [row.score for row in Prediction.objects.order_by("id")] == [answer.score for answer in answers]


def test_predict_from_empty_slot_is_refused(house: House, caller: User) -> None:
    with pytest.raises(NothingServes, match="No version with a valid approval"):
        inference.predict(house.slot.key, ROWS, actor=acting(caller))


def test_predict_without_the_role_is_refused(house: House) -> None:
    houses.champion(house)
    with pytest.raises(NotPermitted, match="predictions"):
        inference.predict(house.slot.key, ROWS, actor=acting(house.engineer))


def test_predict_under_expired_approval_is_refused(house: House, caller: User) -> None:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    expired = timezone.now() - timedelta(seconds=1)
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=expired)  # behind the application's back
    with pytest.raises(NothingServes):
        inference.predict(house.slot.key, ROWS, actor=acting(caller))


def test_loaded_version_stops_at_the_end_of_its_approval(house: House, caller: User) -> None:
    houses.champion(house)
    inference.predict(house.slot.key, ROWS, actor=acting(caller))
    loaded = snapshot.of(house.slot.key).champion
    object.__setattr__(loaded, "valid_until", timezone.now())
    with pytest.raises(NothingServes, match="has expired"):
        inference.predict(house.slot.key, ROWS, actor=acting(caller))


def test_predict_with_wrong_row_stores_nothing(house: House, caller: User) -> None:
    houses.champion(house)
    with pytest.raises(Invalid, match="input schema"):
        inference.predict(house.slot.key, [*ROWS, Row({"AGEP": 1})], actor=acting(caller))
    assert Prediction.objects.count() == 0


def test_predict_names_the_row_that_has_no_answer_and_stores_nothing(house: House, caller: User) -> None:
    """The model of these tests fills nothing: what is missing makes its score no number."""
    houses.champion(house)
    with pytest.raises(Invalid, match="none was stored") as refused:
        inference.predict(house.slot.key, [*ROWS[:2], Row({"AGEP": None, "SCHL": 20})], actor=acting(caller))
    assert [problem.pointer for problem in refused.value.problems] == ["/rows/2"]
    assert Prediction.objects.count() == 0


def test_canary_takes_its_share_and_rollback_ends_it(house: House, caller: User) -> None:
    houses.champion(house)
    executed = houses.executed(house)
    many = [Row({"AGEP": 30, "SCHL": 20}, entity=str(number)) for number in range(500)]
    arms = {answer.arm for answer in inference.predict(house.slot.key, many, actor=acting(caller))}
    rollback.roll_back(house.slot, actor=acting(house.operator), reason="It answers worse.")
    snapshot._snapshots.clear()
    after = inference.predict(house.slot.key, many, actor=acting(caller))
    assert arms == {"champion", "canary"}
    assert {answer.model_version_id for answer in after} == {executed.champion_id}


def test_outcome_revises_the_earlier_one(house: House, caller: User) -> None:
    houses.champion(house)
    (answer,) = inference.predict(house.slot.key, ROWS[:1], actor=acting(caller))
    for value in (0, 1):
        predictions.record_outcomes(house.slot, [{"prediction": answer.pk, "value": value}], actor=acting(caller))
    assert list(Outcome.objects.filter(prediction=answer).values_list("value", flat=True)) == [1, 0]


def test_outcome_of_another_slot_is_refused_and_nothing_stored(house: House, caller: User) -> None:
    houses.champion(house)
    (answer,) = inference.predict(house.slot.key, ROWS[:1], actor=acting(caller))
    other = factories.slot()
    outsider = factories.person(Role.CALLER, system=other.system)
    with pytest.raises(Invalid, match="none was stored"):
        predictions.record_outcomes(other, [{"prediction": answer.pk, "value": 1}], actor=acting(outsider))
    assert Outcome.objects.count() == 0


def test_seal_fixes_predictions_and_a_changed_row_shows(house: House, caller: User) -> None:
    houses.champion(house)
    inference.predict(house.slot.key, ROWS, actor=acting(caller))
    (batch,) = predictions.seal(actor=system_actors.system("worker"))
    sealed = list(Prediction.objects.filter(batch=batch))
    assert (batch.row_count, predictions.digest(sealed)) == (len(ROWS), batch.digest)
    assert recorded.newest(batch)["data"]["digest"] == batch.digest
    sealed[0].decision = 1 - int(sealed[0].decision == 1)
    assert predictions.digest(sealed) != batch.digest


def test_seal_again_seals_nothing(house: House, caller: User) -> None:
    houses.champion(house)
    inference.predict(house.slot.key, ROWS, actor=acting(caller))
    predictions.seal(actor=system_actors.system("worker"))
    assert predictions.seal(actor=system_actors.system("worker")) == []
    assert PredictionBatch.objects.count() == 1


def test_seal_of_one_slot_that_fails_leaves_the_others_sealed(house: House, caller: User) -> None:
    houses.champion(house)
    broken = houses.build()
    houses.champion(broken)
    for one in (broken, house):
        inference.predict(one.slot.key, ROWS[:1], actor=acting(one.operator))
    with databases.acting_as(grants.OWNER), connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'The disk is full.'; END $$;
        """)
        cursor.execute(f"""
            CREATE TRIGGER refuse BEFORE INSERT ON registry_predictionbatch FOR EACH ROW
            WHEN (NEW.slot_id = '{broken.slot.pk}') EXECUTE FUNCTION refuse()
        """)
    sealed = predictions.seal(actor=system_actors.system("worker"))
    assert [batch.slot for batch in sealed] == [house.slot]
    assert Prediction.objects.get(batch=None).slot == broken.slot


def test_predict_without_any_role_there_finds_no_slot(house: House) -> None:
    stranger = factories.person(Role.OPERATOR, system=factories.system())
    with pytest.raises(Slot.DoesNotExist):
        inference.predict(house.slot.key, ROWS, actor=acting(stranger))


def test_break_glass_answers_until_its_end_even_where_no_round_runs(house: House, caller: User) -> None:
    emergency = emergencies.open(
        house.slot,
        version=houses.measured(house),
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )
    answers = inference.predict(house.slot.key, ROWS[:1], actor=acting(caller))
    assert [answer.model_version_id for answer in answers] == [emergency.model_version_id]
    loaded = snapshot.of(house.slot.key).champion
    assert loaded is not None
    assert loaded.valid_until == emergency.ends_at
    object.__setattr__(loaded, "valid_until", timezone.now())
    with pytest.raises(NothingServes):
        inference.predict(house.slot.key, ROWS[:1], actor=acting(caller))


def test_champion_whose_review_was_answered_in_time_goes_on(house: House, caller: User) -> None:
    houses.champion(house)
    inference.predict(house.slot.key, ROWS[:1], actor=acting(caller))
    object.__setattr__(snapshot.of(house.slot.key).champion, "valid_until", timezone.now())
    snapshot._snapshots[house.slot.key] = (0.0, snapshot._snapshots[house.slot.key][1])
    assert len(inference.predict(house.slot.key, ROWS[:1], actor=acting(caller))) == 1
