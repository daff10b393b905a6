"""Policies over the API: checked, proposed, approved, and read by every reader."""

import pytest
import yaml

from registry.models import User
from registry.roles import Role
from tests import factories, houses
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/policies"


@pytest.fixture
def author() -> User:
    return factories.person(Role.POLICY_ADMIN)


def test_propose_as_json_keeps_a_draft(author: User) -> None:
    document = houses.policy_document("credit")
    answer = signed_in(author).post(URL, {"document": document})
    shown = answer.json()
    assert answer.status_code == 201
    assert (shown["name"], shown["version"], shown["state"], shown["author"]) == ("credit", 1, "draft", str(author.pk))
    assert shown["document"] == document


def test_propose_as_yaml_gives_the_same_digest_as_json(author: User) -> None:
    client = signed_in(author)
    document = houses.policy_document("credit")
    checked = client.post(f"{URL}/lint", {"text": yaml.safe_dump(document)})
    proposed = client.post(URL, {"text": yaml.safe_dump(document)})
    assert (checked.json(), proposed.status_code, proposed.json()["document"]) == ({"problems": []}, 201, document)


@pytest.mark.parametrize("body", [{}, {"document": {"kind": "x"}, "text": "kind: x"}])
def test_propose_of_none_or_both_forms_is_refused(author: User, body: dict[str, object]) -> None:
    answer = signed_in(author).post(URL, body)
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (
        422,
        "Send the policy either as 'document' or as 'text'.",
    )


def test_propose_of_a_defective_policy_names_place_and_remedy(author: User) -> None:
    document = houses.policy_document("credit", retention={"prediction_log": "P1M"})
    answer = signed_in(author).post(URL, {"document": document})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["remedy"]) == (
        422,
        "retention.prediction_log",
        "Write P6M or more.",
    )


def test_propose_without_the_role_is_refused() -> None:
    client = signed_in(factories.person(Role.RISK_OFFICER))
    answer = client.post(URL, {"document": houses.policy_document("credit")})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_lint_answers_with_the_problems_and_keeps_nothing(author: User) -> None:
    client = signed_in(author)
    answer = client.post(f"{URL}/lint", {"text": "kind: [unclosed"})
    assert (answer.status_code, len(answer.json()["problems"])) == (200, 1)
    assert client.get(URL).json()["results"] == []


def test_approve_by_a_second_person_makes_it_effective(author: User) -> None:
    officer = factories.person(Role.RISK_OFFICER)
    proposed = signed_in(author).post(URL, {"document": houses.policy_document("credit")}).json()
    answer = signed_in(officer).post(f"{URL}/{proposed['id']}/approve", {"reason": "It fits."})
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["approved_by"]) == (200, "effective", str(officer.pk))


def test_approve_by_its_author_is_a_duty_conflict() -> None:
    client = signed_in(factories.person(Role.POLICY_ADMIN, Role.RISK_OFFICER))
    proposed = client.post(URL, {"document": houses.policy_document("credit")}).json()
    answer = client.post(f"{URL}/{proposed['id']}/approve", {"reason": "Mine."})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")


def test_approve_without_a_reason_is_refused() -> None:
    policy = houses.policy()
    answer = signed_in(factories.person(Role.RISK_OFFICER)).post(f"{URL}/{policy.pk}/approve", {})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/reason")


def test_reader_of_one_system_reads_policies() -> None:
    policy = houses.policy()
    reader = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    assert [row["id"] for row in reader.get(URL).json()["results"]] == [str(policy.pk)]
    assert reader.get(f"{URL}/{policy.pk}").json()["document"] == policy.document


@pytest.mark.parametrize("roles", [(), (Role.CALLER,), (Role.PLATFORM_ADMIN,)])
def test_account_that_reads_nothing_sees_no_policy(roles: tuple[Role, ...]) -> None:
    policy = houses.policy()
    client = signed_in(factories.person(*roles))
    assert (client.get(URL).json()["results"], client.get(f"{URL}/{policy.pk}").status_code) == ([], 404)


def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    houses.policy()
    first = count_queries(reader, URL)
    houses.policy(), houses.policy()
    assert count_queries(reader, URL) == first
