"""The database refuses silence: every model is guarded, and no change passes a guard without its event."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models
from django.utils import timezone

from audit import rows
from registry import records
from registry.errors import DutyConflict
from registry.models import (
    AISystem,
    Artifact,
    Dataset,
    DatasetVersion,
    Decision,
    Evaluation,
    EvidenceItem,
    EvidenceSet,
    GateResult,
    Grant,
    Ingestion,
    ModelVersion,
    PolicyVersion,
    PromotionRequest,
    RegisteredModel,
    Rollout,
    Slot,
    TrainingRun,
    User,
)
from registry.roles import Role
from registry.services import people
from tests import factories, houses, recorded

# What a slot served has a guard of its own besides: see test_slot_guard.
# Why a model goes without a guard.
UNGUARDED = {
    "registry.Prediction": "far too many for an event each; PredictionBatch seals them by digest",
    "registry.SubjectMark": "derived from a dataset version's bytes, and made from them again",
    "registry.Delivery": "one attempt after another to tell an entry of the log, which is the record",
    "registry.FailedRequest": "as many as requests; it decides nothing",
    "registry.Outcome": "as many as predictions; a correction is a new row",
    "registry.JobLine": "how the work went, not what came of it",
    "registry.Trial": "the run's event commits to what was chosen, and its metrics name every trial",
    "registry.User_groups": "Django's own; groups allow nothing here, grants do",
    "registry.User_user_permissions": "Django's own; permissions come from grants",
}
MADE_BY_A_PROMOTION = [
    AISystem, Artifact, Dataset, DatasetVersion, Decision, Evaluation, EvidenceItem, EvidenceSet, GateResult, Grant,
    Ingestion, ModelVersion, PolicyVersion, PromotionRequest, RegisteredModel, Rollout, Slot, TrainingRun, User,
]  # fmt: skip


@pytest.fixture
def sequenced_house(db: None) -> houses.House:
    """A serving house whose events have all left the pending set, as they have a moment after their commit."""
    house = houses.build()
    houses.champion(house)
    recorded.sequence()
    return house


def test_every_model_is_guarded_or_has_a_reason_not_to_be() -> None:
    ours = [
        model
        for app in ("registry", "monitoring")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    ]
    assert {model._meta.label for model in ours if model not in recorded.governed()} == set(UNGUARDED)


@pytest.mark.parametrize("model", MADE_BY_A_PROMOTION, ids=lambda model: model.__name__)
def test_update_behind_the_back_is_refused(sequenced_house: houses.House, model: type[models.Model]) -> None:
    row = model._default_manager.all()[:1]
    change: dict[str, Any] = {"is_superuser": True} if model is User else {"created_at": timezone.now()}
    refusal = recorded.refusal_of(lambda: model._default_manager.filter(pk__in=row.values("pk")).update(**change))
    assert f"Unaudited change: UPDATE of {model._meta.db_table}" in refusal


@pytest.mark.parametrize("model", [Decision, GateResult], ids=lambda model: model.__name__)
def test_delete_behind_the_back_is_refused(sequenced_house: houses.House, model: type[models.Model]) -> None:
    refusal = recorded.refusal_of(lambda: model._default_manager.all().delete())
    assert f"Unaudited change: DELETE of {model._meta.db_table}" in refusal


def test_insert_behind_the_back_is_refused(sequenced_house: houses.House) -> None:
    engineer = sequenced_house.engineer
    refusal = recorded.refusal_of(lambda: Grant.objects.create(account=engineer, role=Role.VALIDATOR))
    assert "Unaudited change: INSERT of registry_grant" in refusal


def test_event_about_another_row_does_not_cover_a_change(sequenced_house: houses.House) -> None:
    house = sequenced_house
    people.grant(house.operator, Role.AUDITOR, actor=factories.bootstrap())
    refusal = recorded.refusal_of(lambda: User.objects.filter(pk=house.engineer.pk).update(is_superuser=True))
    assert "Unaudited change: UPDATE of registry_user" in refusal


def test_event_about_the_row_covers_its_change(sequenced_house: houses.House) -> None:
    operator = sequenced_house.operator
    people.grant(operator, Role.AUDITOR, actor=factories.bootstrap())
    assert recorded.refusal_of(lambda: User.objects.filter(pk=operator.pk).update(team="night shift")) == ""


def test_rows_read_from_the_database_have_the_digests_of_their_last_events(house: houses.House) -> None:
    houses.champion(house)
    houses.executed(house)
    houses.submitted(house, auc=0.7)
    stored, told = recorded.stored_digests(), recorded.last_digests()
    assert {name: stored[name] for name in told} == told


def test_every_governed_row_is_named_by_an_event(house: houses.House) -> None:
    houses.champion(house)
    assert recorded.stored_digests().keys() - recorded.last_digests().keys() == set()


def test_evidence_items_are_bound_by_their_sets_root(house: houses.House) -> None:
    houses.champion(house)
    for set_ in EvidenceSet.objects.all():
        digests = [records.digest(records.evidence_item(item, set_)) for item in set_.items.all()]
        assert set_.root == records.merkle_root(digests)


def test_row_with_figures_of_every_shape_keeps_its_digest_in_the_database(house: houses.House) -> None:
    request = houses.submitted(house)
    figures = [0.1, -0.0, 1e16, 1.5e22, 5e-324, 1e-7, 2**60, 0.30000000000000004, True, None]
    gate = GateResult(
        promotion=request, position=9, gate="x", verdict="pass", effect="none", reason="x", value=1, low=-0.0,
        details=[{"figures": figures}],
    )  # fmt: skip
    gate.save()
    assert rows.digest(recorded.fresh(gate)) == rows.digest(gate)


def test_update_behind_the_back_is_undone_at_commit(live_database: str) -> None:
    system = factories.system()
    with pytest.raises(IntegrityError, match="Unaudited change"):
        AISystem.objects.filter(pk=system.pk).update(purpose="Something else.")
    assert recorded.fresh(system).purpose == system.purpose


def test_refusal_is_committed_although_the_error_is_raised(live_database: str) -> None:
    house = houses.build()
    request = houses.submitted(house)
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap())
    with pytest.raises(DutyConflict):
        houses.signed(request, house.engineer, meaning="independent_validation")
    connection.close()
    assert recorded.newest(request)["event"] == "promotion.decision_refused"
