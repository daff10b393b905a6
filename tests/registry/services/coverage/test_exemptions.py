"""A signed word that a clause does not apply: who may give it, what it does, and how it ends."""

import pytest

from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, SignatureRejected
from registry.models import AISystem, ClauseExemption, User
from registry.roles import Role
from registry.services import systems
from registry.services.coverage import exemptions, verdicts
from registry.services.signing import Credentials
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
CLAUSE = "nist.map"


@pytest.fixture
def officer() -> User:
    return factories.person(Role.RISK_OFFICER)


@pytest.fixture
def system(officer: User) -> AISystem:
    made = factories.system()
    return systems.update(made, changes={"regimes": ["nist-ai-rmf"]}, revision=1, actor=acting(officer))


def signed(system: AISystem, by: User, *, clause: str = CLAUSE) -> ClauseExemption:
    return exemptions.sign(
        system, clause=clause, reason="We only rehearse.", credentials=factories.credentials(by), actor=acting(by)
    )


def state(system: AISystem) -> tuple[str, str]:
    (found,) = [answer for answer in verdicts.of(system) if answer.clause.id == CLAUSE]
    return found.state, found.reason


def test_sign_makes_the_clause_not_applicable_with_who_said_so(system: AISystem, officer: User) -> None:
    row = signed(system, officer)
    assert state(system) == (
        "not_applicable",
        f"Signed by {officer.full_name}, {row.signed_at:%d %B %Y}: We only rehearse.",
    )
    told = recorded.newest(row)
    assert (told["event"], told["data"]["clause"], told["data"]["record"]) == (
        "clause_exemption.signed",
        CLAUSE,
        row.signed_digest,
    )


def test_withdraw_asks_for_the_clause_again(system: AISystem, officer: User) -> None:
    row = exemptions.withdraw(signed(system, officer), reason="It grew.", actor=acting(officer))
    assert (state(system)[0], recorded.names(row)[-1]) == ("missing", "clause_exemption.withdrawn")
    with pytest.raises(Conflict):
        exemptions.withdraw(row, reason="Again.", actor=acting(officer))


@pytest.mark.parametrize("column", ["reason", "clause", "printed_name"])
def test_an_exemption_that_says_other_than_was_signed_does_not_count(
    system: AISystem, officer: User, column: str
) -> None:
    row = signed(system, officer, clause="nist.govern" if column == "clause" else CLAUSE)
    changed = {"reason": "Another.", "clause": CLAUSE, "printed_name": "Somebody Else"}[column]
    ClauseExemption.objects.filter(pk=row.pk).update(**{column: changed})
    assert state(system)[0] == "missing"


def test_sign_by_an_engineer_is_refused(system: AISystem) -> None:
    with pytest.raises(NotPermitted):
        signed(system, system.owner)
    assert not ClauseExemption.objects.exists()


def test_sign_with_a_wrong_password_is_refused(system: AISystem, officer: User) -> None:
    wrong = Credentials(password="not mine", code=factories.code(officer))
    with pytest.raises(SignatureRejected):
        exemptions.sign(system, clause=CLAUSE, reason="No.", credentials=wrong, actor=acting(officer))


def test_sign_of_an_unknown_clause_names_the_field(system: AISystem, officer: User) -> None:
    with pytest.raises(Invalid) as refused:
        signed(system, officer, clause="eu-ai-act.999")
    assert [problem.pointer for problem in refused.value.problems] == ["/clause"]


def test_sign_twice_is_refused(system: AISystem, officer: User) -> None:
    signed(system, officer)
    with pytest.raises(AlreadyExists):
        signed(system, officer)
