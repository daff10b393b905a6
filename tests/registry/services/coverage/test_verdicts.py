"""Every clause against a world that has all of it and one that has nothing, and what goes missing with its records."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.models import Alert, Monitor, MonitorRun
from registry.clauses import clause as clauses
from registry.clauses.clause import Clause, Need
from registry.models import (
    AISystem,
    CardText,
    Decision,
    EvidenceItem,
    Finding,
    Grant,
    Outcome,
    PolicyVersion,
    SigningFactor,
)
from registry.roles import Role
from registry.services import systems
from registry.services.coverage import verdicts
from registry.services.slots import rollouts
from tests import factories, houses
from tests.factories import acting
from tests.registry.services.coverage import worlds
from tests.registry.services.coverage.worlds import World

pytestmark = pytest.mark.django_db
EVERY = {clause.id for clause in clauses.every()}
OVER = {"sr-11-7"}


@pytest.fixture
def world(db: None) -> World:
    return worlds.build()


def states(system: AISystem, **options: Any) -> dict[str, set[str]]:
    """The clauses by state."""
    found: dict[str, set[str]] = {}
    for answer in verdicts.of(AISystem.objects.get(pk=system.pk), **options):
        found.setdefault(answer.state, set()).add(answer.clause.id)
    return found


def asking(test: Callable[[Need], bool]) -> set[str]:
    """The clauses with a need that nothing else may stand in for and that the test is true of."""
    return {clause.id for clause in clauses.every() for need in clause.needs if not need.either and test(need)} - OVER


def test_every_clause_with_everything_on_file_is_covered_with_its_records(world: World) -> None:
    answers = verdicts.of(world.house.system)
    assert {answer.clause.id: answer.missing for answer in answers if answer.state != "covered"} == {"sr-11-7": ()}
    assert [answer.clause.id for answer in answers if answer.state == "covered" and not answer.proofs] == []


def test_every_clause_with_nothing_on_file_is_missing_and_says_what_to_do(world: World) -> None:
    answers = verdicts.of(world.bare)
    found = {answer.clause.id: answer for answer in answers}
    # The desk for erasures and the log are the whole house's, and no clause asks for them alone.
    assert {pk for pk, answer in found.items() if answer.state == "missing"} == EVERY - OVER - {"21cfr11.11.10e"}
    assert all(answer.missing for answer in answers if answer.state == "missing")


@pytest.mark.usefixtures("world")
def test_a_system_held_to_nothing_has_no_clause() -> None:
    assert states(factories.system()) == {"not_applicable": EVERY}


def test_each_kind_of_record_that_goes_takes_its_clauses_with_it(world: World) -> None:
    """Nothing is hard-coded: without its rows, exactly the clauses that ask for them are missing."""
    system, gone = world.house.system, dict[str, tuple[set[str], set[str]]]()
    for name, (remove, test) in REMOVALS.items():
        with transaction.atomic():
            remove(world)
            # Challenge is shown by a finding or by a request that was changed, and here none was.
            also = {"sr-26-2.challenge"} if name == "findings" else set()
            gone[name] = (states(system).get("missing", set()), asking(test) | also)
            transaction.set_rollback(True)
    assert {name: found for name, (found, _) in gone.items()} == {name: asked for name, (_, asked) in gone.items()}


def _delete(rows: models.QuerySet[Any]) -> None:
    """Behind the product's back; the transaction is taken back before any guard could speak."""
    with connection.cursor() as cursor:
        table, ids = rows.model._meta.db_table, [row.pk for row in rows]
        cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [ids])


def _needs(query: str, **given: Any) -> Callable[[Need], bool]:
    def test(need: Need) -> bool:
        return need.query == query and all(need.given.get(name) == value for name, value in given.items())

    return test


def _policy(**changes: Any) -> Callable[[World], None]:
    def change(world: World) -> None:
        row = PolicyVersion.objects.get(pk=world.house.policy.pk)
        document = {name: value for name, value in {**row.document, **changes}.items() if value is not None}
        PolicyVersion.objects.filter(pk=row.pk).update(document=document)

    return change


def _without_role(*names: str) -> Callable[[World], None]:
    return lambda world: _delete(Grant.objects.filter(role__in=names))


def _figures(kind: str, **more: Any) -> Callable[[World], None]:
    return lambda world: _delete(EvidenceItem.objects.filter(kind=kind, **more))


def _batches(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_prediction SET batch_id = NULL")
        cursor.execute("DELETE FROM registry_predictionbatch")


def _of_roles(*names: str) -> Callable[[Need], bool]:
    return lambda need: need.query == "roles" and bool(set(names) & set(need.given["roles"]))


def _no_runs(world: World) -> None:
    _delete(Alert.objects.all())
    _delete(MonitorRun.objects.all())


def _no_monitors(world: World) -> None:
    _no_runs(world)
    _delete(Monitor.objects.all())


REMOVALS: dict[str, tuple[Callable[[World], None], Callable[[Need], bool]]] = {
    "texts of the model": (
        lambda world: _delete(CardText.objects.filter(subject_type="model_version")),
        _needs("texts", about="model_version"),
    ),
    "texts of the data": (
        lambda world: _delete(CardText.objects.filter(subject_type="dataset_version")),
        _needs("texts", about="dataset_version"),
    ),
    "robustness": (_figures("robustness"), _needs("evidence", kind="robustness")),
    "explanation": (_figures("explanation"), _needs("evidence", kind="explanation")),
    "privacy": (_figures("privacy"), _needs("evidence", kind="privacy")),
    "signature check": (_figures("signature_check"), _needs("evidence", kind="signature_check")),
    "fairness": (_figures("fairness"), _needs("evidence", kind="fairness")),
    "intersections": (_figures("fairness", attribute="SEX+RAC1P"), _needs("evidence", intersection=True)),
    "contract checks": (_figures("contract_check"), _needs("data_evidence")),
    "monitor runs": (_no_runs, _needs("rows", kind="monitor_run")),
    "monitors": (_no_monitors, lambda need: need.given.get("kind") in ("monitor", "monitor_run")),
    "outcomes": (lambda world: _delete(Outcome.objects.all()), _needs("rows", kind="outcome")),
    "batches": (_batches, lambda need: "prediction_batch" in (need.given.get("kind"), need.given.get("of"))),
    "findings": (lambda world: _delete(Finding.objects.all()), _needs("rows", kind="finding")),
    "operator": (_without_role("operator"), _of_roles("operator")),
    "caller": (_without_role("caller"), _of_roles("caller")),
    "auditor": (_without_role("auditor"), _of_roles("auditor")),
    "decisions of the officer for data": (
        lambda world: _delete(Decision.objects.filter(role="dpo")),
        _needs("decided", role="dpo"),
    ),
    "decisions of validators": (
        lambda world: _delete(Decision.objects.filter(role="validator")),
        lambda need: need.query == "independent" or _needs("decided", role="validator")(need),
    ),
    "keys": (lambda world: _delete(SigningFactor.objects.all()), _needs("genuine")),
    "monitoring plan": (_policy(monitoring=None), _needs("policy_says", parts=["monitoring"])),
    "change plan": (_policy(change_plan=None), _needs("within_change_plan")),
    "retention of the file": (_policy(retention={"prediction_log": "P6M"}), _needs("retained", rule="technical_file")),
    "legal basis": (
        lambda world: _blank(world, "legal_basis"),
        lambda need: need.query == "filled" and "legal_basis" in need.given["fields"],
    ),
    "a policy older than its tests": (lambda world: _late(world), _needs("preregistered")),
}


def _blank(world: World, field: str) -> None:
    AISystem.objects.filter(pk=world.house.system.pk).update(**{field: ""})


def _late(world: World) -> None:
    PolicyVersion.objects.filter(pk=world.house.policy.pk).update(effective_from=timezone.now())


def test_what_is_old_is_stale_and_says_how_old(world: World) -> None:
    later = timezone.now() + timedelta(days=100)
    answers = {answer.clause.id: answer for answer in verdicts.of(world.house.system, now=later)}
    assert (answers["eu-ai-act.26.5"].state, answers["eu-ai-act.annex-iv-3"].state) == ("stale", "covered")
    (word,) = answers["eu-ai-act.26.5"].missing
    assert "older than 31 days" in word
    assert {pk for pk, answer in answers.items() if answer.state == "stale"} == asking(
        lambda need: need.within_days is not None and need.within_days < 100
    )


def test_a_signature_moved_to_another_record_does_not_count(world: World) -> None:
    other = Decision.objects.filter(promotion=world.promotion, role="validator").get()
    Decision.objects.filter(pk=other.pk).update(signed_digest="0" * 64)
    assert "21cfr11.11.70" in states(world.house.system)["missing"]


def test_the_matrix_takes_as_many_queries_for_three_systems_as_for_one(world: World) -> None:
    systems = [world.house.system, world.bare, factories.system()]
    with CaptureQueriesContext(connection) as one:
        verdicts.matrix(systems[:1])
    with CaptureQueriesContext(connection) as three:
        found = verdicts.matrix(systems)
    assert (len(one), set(found)) == (len(three), {system.pk for system in systems})


def test_every_query_that_a_clause_names_exists() -> None:
    named = {need.query for clause in clauses.every() for top in clause.needs for need in top.all()}
    assert named == set(verdicts.QUERIES) & named
    assert named <= set(verdicts.QUERIES)


def test_every_clause_that_records_can_answer_names_a_query() -> None:
    automatic: list[Clause] = [clause for clause in clauses.every() if "A" in clause.automation]
    assert [clause.id for clause in automatic if not clause.needs] == []


def test_a_newer_version_that_does_not_serve_takes_nothing_away(world: World) -> None:
    houses.measured(world.house)
    assert states(world.house.system) == {"covered": EVERY - OVER, "not_applicable": OVER}


def test_a_canary_without_the_evidence_of_the_champion_is_named(world: World) -> None:
    house = world.house
    version = houses.measured(house)
    rollouts.execute(worlds.approved(house, version), actor=acting(house.operator), reason="Due.")
    found = {answer.clause.id: answer for answer in verdicts.of(house.system)}
    assert f"{version}: no evidence of explanation." in " ".join(found["eu-ai-act.86"].missing)


def test_a_log_that_does_not_agree_with_itself_shows_nothing() -> None:
    system, officer = factories.system(), factories.person(Role.RISK_OFFICER)
    systems.update(system, changes={"regimes": ["21cfr11"]}, revision=1, actor=acting(officer))
    worlds.verified()
    assert "21cfr11.11.10e" in states(system)["covered"]
    worlds.verified(findings=1)
    assert "21cfr11.11.10e" in states(system)["missing"]
