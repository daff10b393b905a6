"""A system's page: what is at stake, what is on record for each clause, and a clause that does not apply."""

from registry.models import ClauseExemption
from registry.roles import Role
from tests import desks, factories
from tests.houses import House
from tests.registry.admin import forms

CLAUSE = "eu-ai-act.27"


def test_page_says_what_is_at_stake_and_counts_the_clauses(house: House) -> None:
    shown = desks.at(house.reviewer).get(desks.page(house.system)).content.decode()
    parts = ["Materiality", "Held to", "What is on record for each clause", "Every clause", "not applicable"]
    assert [part for part in parts if part not in shown] == []


def test_clause_is_declared_not_applicable_signed(house: House) -> None:
    given = forms.signature(house.reviewer, clause=CLAUSE)
    assert forms.post(house.reviewer, house.system, "exempt", **given).status_code == 302
    made = ClauseExemption.objects.get()
    assert (made.clause, made.system, made.printed_name) == (CLAUSE, house.system, house.reviewer.full_name)


def test_clause_without_a_code_is_not_declared(house: House) -> None:
    given = forms.signature(house.reviewer, clause=CLAUSE) | {"code": "000000"}
    assert forms.post(house.reviewer, house.system, "exempt", **given).status_code == 403
    assert ClauseExemption.objects.count() == 0


def test_clause_is_not_declared_by_an_engineer(house: House) -> None:
    assert forms.offered(house.engineer, house.system) == []
    given = forms.signature(house.engineer, clause=CLAUSE)
    assert forms.post(house.engineer, house.system, "exempt", **given).status_code == 403


def test_exemption_is_withdrawn_on_its_page(house: House) -> None:
    forms.post(house.reviewer, house.system, "exempt", **forms.signature(house.reviewer, clause=CLAUSE))
    made = ClauseExemption.objects.get()
    officer = factories.person(Role.RISK_OFFICER)
    assert forms.post(officer, made, "withdraw", reason="It does.").status_code == 302
    assert ClauseExemption.objects.get().withdrawn_at is not None
    assert forms.offered(officer, made) == []
