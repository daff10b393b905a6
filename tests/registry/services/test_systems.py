"""The inventory."""

import pytest

from audit import rows
from registry.errors import AlreadyExists, DutyConflict, Invalid, NotPermitted, RevisionMismatch
from registry.models import AISystem, Slot
from registry.roles import Role
from registry.services import systems
from registry.services.approvals import gating
from registry.services.decisions import promotions
from tests import factories, recorded

pytestmark = pytest.mark.django_db


def test_register_enters_the_system_and_records_it() -> None:
    owner = factories.person(Role.OWNER)
    system = systems.register(
        "credit-scoring", purpose="Score credit.", risk_tier="high", owner=owner, actor=factories.acting(owner)
    )
    told = recorded.newest(system)
    assert (told["event"], told["data"]) == (
        "system.registered",
        {"name": "credit-scoring", "risk_tier": "high", "materiality": "moderate", "regimes": []},
    )
    assert (told["actor"], told["request"]) == (f"person:{owner.pk}", "test-request")
    assert told["row"] == rows.digest(recorded.fresh(system))


def test_register_with_wrong_fields_names_each_one() -> None:
    owner = factories.person(Role.OWNER)
    with pytest.raises(Invalid) as refused:
        systems.register("Credit Scoring", purpose="", risk_tier="huge", owner=owner, actor=factories.acting(owner))
    assert {problem.pointer for problem in refused.value.problems} == {"/name", "/purpose", "/risk_tier"}


def test_register_with_a_taken_name_is_refused() -> None:
    taken = factories.system()
    with pytest.raises(AlreadyExists, match=f"There is already a AI system called {taken.name}."):
        systems.register(
            taken.name, purpose="x", risk_tier="high", owner=taken.owner, actor=factories.acting(taken.owner)
        )


def test_register_without_the_role_is_refused() -> None:
    reader = factories.person(Role.AUDITOR)
    with pytest.raises(NotPermitted):
        systems.register("mine", purpose="x", risk_tier="high", owner=reader, actor=factories.acting(reader))
    assert not AISystem.objects.filter(name="mine").exists()


def test_update_changes_the_fields_and_records_which() -> None:
    system = factories.system()
    changes = {"purpose": "Plan capacity only.", "legal_basis": "Public task"}
    changed = systems.update(system, changes=changes, revision=1, actor=factories.acting(system.owner))
    told = recorded.newest(system)
    assert (changed.purpose, changed.legal_basis, changed.revision) == ("Plan capacity only.", "Public task", 2)
    assert (told["event"], told["data"]) == (
        "system.updated",
        {"changed": ["legal_basis", "purpose"], "revision": 2},
    )
    assert told["row"] == rows.digest(recorded.fresh(system))


def test_update_of_the_tier_is_a_risk_officers_alone() -> None:
    system = factories.system()
    officer = factories.person(Role.RISK_OFFICER, system=system)
    with pytest.raises(NotPermitted, match="risk tier"):
        systems.update(system, changes={"risk_tier": "limited"}, revision=1, actor=factories.acting(system.owner))
    changed = systems.update(system, changes={"risk_tier": "limited"}, revision=1, actor=factories.acting(officer))
    assert changed.risk_tier == "limited"


def test_register_with_stakes_keeps_them_and_computes_materiality() -> None:
    owner = factories.person(Role.OWNER)
    stakes = systems.Stakes(exposure="high", reliance="decides", regimes=["gdpr", "eu-ai-act", "gdpr"])
    system = systems.register(
        "triage", purpose="Sort.", risk_tier="high", owner=owner, actor=factories.acting(owner), stakes=stakes
    )
    assert (systems.materiality_of(system), system.regimes) == ("high", ["eu-ai-act", "gdpr"])


@pytest.mark.parametrize(
    "change",
    [
        {"risk_tier": "limited"},
        {"exposure": "low"},
        {"reliance": "decides"},
        {"regimes": []},
        {"position": "deployer"},
        {"personal_data": False},
    ],
)
def test_update_of_the_stakes_by_the_owner_is_refused(change: dict[str, object]) -> None:
    system = factories.system()
    with pytest.raises(NotPermitted):
        systems.update(system, changes=change, revision=1, actor=factories.acting(system.owner))
    assert recorded.names(system) == ["system.registered"]


def test_update_of_purpose_and_tier_at_once_needs_both_roles() -> None:
    system = factories.system()
    officer = factories.person(Role.RISK_OFFICER, system=system)
    changes = {"purpose": "Something else.", "risk_tier": "limited"}
    with pytest.raises(NotPermitted):
        systems.update(system, changes=changes, revision=1, actor=factories.acting(officer))


def test_update_of_the_stakes_by_a_risk_officer_is_recorded_in_clear() -> None:
    system = factories.system()
    officer = factories.person(Role.RISK_OFFICER, system=system)
    changes = {"exposure": "high", "regimes": ["gdpr"]}
    systems.update(system, changes=changes, revision=1, actor=factories.acting(officer))
    told = recorded.newest(system)
    assert (told["event"], told["data"]) == (
        "system.classified",
        {
            "risk_tier": "minimal",
            "position": "both",
            "exposure": "high",
            "reliance": "advises",
            "materiality": "high",
            "personal_data": True,
            "regimes": ["gdpr"],
        },
    )
    assert recorded.names(system) == ["system.registered", "system.updated", "system.classified"]


def test_with_materiality_finds_what_is_computed() -> None:
    owner = factories.person(Role.OWNER)
    for number, exposure in enumerate(["low", "medium", "high"]):
        stakes = systems.Stakes(exposure=exposure)
        systems.register(
            f"s-{number}", purpose="x", risk_tier="high", owner=owner, actor=factories.acting(owner), stakes=stakes
        )
    found = AISystem.objects.filter(systems.with_materiality("moderate")).values_list("name", flat=True)
    assert list(found) == ["s-1"]


def test_update_of_an_old_revision_is_refused() -> None:
    system = factories.system()
    systems.update(system, changes={"purpose": "First."}, revision=1, actor=factories.acting(system.owner))
    with pytest.raises(RevisionMismatch, match=r"You read revision 1; the record is at 2 now."):
        systems.update(system, changes={"purpose": "Second."}, revision=1, actor=factories.acting(system.owner))
    assert recorded.fresh(system).purpose == "First."


def test_register_model_records_its_system() -> None:
    system = factories.system()
    model = systems.register_model(system, name="employed", actor=factories.acting(system.owner))
    told = recorded.newest(model)
    assert (told["event"], told["data"]) == ("model.registered", {"name": "employed", "system": str(system.pk)})
    assert told["row"] == rows.digest(recorded.fresh(model))


def test_create_slot_names_it_after_its_system() -> None:
    system = factories.system()
    slot = systems.create_slot(system, name="production.champion", actor=factories.acting(system.owner))
    told = recorded.newest(slot)
    assert slot.key == f"{system.name}.production.champion"
    assert (told["event"], told["data"]) == ("slot.created", {"key": slot.key})
    assert told["row"] == rows.digest(recorded.fresh(slot))


def test_create_slot_that_exists_is_refused() -> None:
    system = factories.system()
    systems.create_slot(system, name="shadow", actor=factories.acting(system.owner))
    with pytest.raises(AlreadyExists):
        systems.create_slot(system, name="shadow", actor=factories.acting(system.owner))
    assert Slot.objects.filter(system=system).count() == 1


def test_system_that_its_registrar_calls_minimal_counts_as_high_until_a_risk_officer_confirms() -> None:
    system, officer = factories.system(risk_tier="minimal"), factories.person(Role.RISK_OFFICER)
    assert (system.risk_tier, system.tier_in_force) == ("minimal", "high")
    confirmed = systems.update(system, changes={"risk_tier": "minimal"}, revision=1, actor=factories.acting(officer))
    assert (confirmed.tier_in_force, confirmed.classified_by) == ("minimal", officer)


def test_stakes_alone_do_not_confirm_the_tier() -> None:
    system, officer = factories.system(risk_tier="minimal"), factories.person(Role.RISK_OFFICER)
    changed = systems.update(system, changes={"exposure": "low"}, revision=1, actor=factories.acting(officer))
    assert (changed.classified_at, changed.tier_in_force) == (None, "high")


def test_registrar_does_not_confirm_the_tier_whatever_their_roles() -> None:
    both = factories.person(Role.ENGINEER, Role.RISK_OFFICER)
    system = factories.system(both)
    with pytest.raises(DutyConflict):
        systems.update(system, changes={"risk_tier": "minimal"}, revision=1, actor=factories.acting(both))
    system.refresh_from_db()
    assert (system.revision, system.is_classified) == (1, False)


def test_policies_read_the_strictest_of_a_system_that_nobody_classified() -> None:
    stakes = systems.Stakes(exposure="low", reliance="informs", personal_data=False)
    owner = factories.person(Role.ENGINEER)
    actor = factories.acting(owner)
    system = systems.register("sly", purpose="x", risk_tier="minimal", owner=owner, actor=actor, stakes=stakes)
    version, slot = factories.version(factories.model(system)), factories.slot(system)
    read = gating.context(version, slot, None)
    told = {name: read["system"][name] for name in ("risk_tier", "materiality", "personal_data")}
    assert told == {"risk_tier": "high", "materiality": "high", "personal_data": True}
    assert read["model"]["risk_tier"] == "high"
    factories.confirmed(system)
    assert gating.context(version, slot, None)["model"]["risk_tier"] == "minimal"


def test_policy_for_minimal_risk_does_not_fit_a_system_that_nobody_classified() -> None:
    version, policy = factories.version(), factories.policy("minimal")
    factories.evidence_set(version)
    slot, actor = factories.slot(version.model.system), factories.acting(version.trained_by)
    with pytest.raises(Invalid):
        promotions.submit(version, slot=slot, policy=policy, reason="It is small.", actor=actor)
