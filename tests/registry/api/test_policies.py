"""Policies over the API: checked, proposed, tried, compared, explained, signed, and read by every reader."""

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


def signing(account: User) -> dict[str, str]:
    """The body of a signature."""
    return {"reason": "It fits.", "password": factories.PASSWORD, "code": factories.code(account)}


def simulated(author: User) -> str:
    """The address of a draft that has been tried on the past."""
    client = signed_in(author)
    proposed = client.post(URL, {"document": houses.policy_document("credit")}).json()
    client.post(f"{URL}/{proposed['id']}/simulation", {})
    return f"{URL}/{proposed['id']}"


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
    assert (checked.json()["problems"], proposed.status_code, proposed.json()["document"]) == ([], 201, document)


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
    assert (answer.status_code, len(answer.json()["problems"]), answer.json()["warnings"]) == (200, 1, [])
    assert client.get(URL).json()["results"] == []


def test_lint_warns_of_what_it_accepts(author: User) -> None:
    found = signed_in(author).post(f"{URL}/lint", {"document": houses.policy_document("credit")}).json()
    assert (found["problems"], found["warnings"][0]) == (
        [],
        {
            "path": "applies_when",
            "detail": "The policy governs every request.",
            "remedy": "Say for which risk tier, slot or regime it is.",
        },
    )


def test_approve_by_a_second_person_signs_it_and_makes_it_effective(author: User) -> None:
    officer = factories.person(Role.RISK_OFFICER)
    answer = signed_in(officer).post(f"{simulated(author)}/approve", signing(officer))
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["approved_by"]) == (200, "effective", str(officer.pk))


def test_approve_for_a_window_waits_for_it(author: User) -> None:
    officer = factories.person(Role.RISK_OFFICER)
    window = {"effective_from": "2037-01-01T00:00:00Z", "effective_until": "2038-01-01T00:00:00Z"}
    shown = signed_in(officer).post(f"{simulated(author)}/approve", signing(officer) | window).json()
    assert (shown["state"], {name: shown[name] for name in window}) == ("approved", window)


def test_approve_by_its_author_is_a_duty_conflict() -> None:
    both = factories.person(Role.POLICY_ADMIN, Role.RISK_OFFICER)
    answer = signed_in(both).post(f"{simulated(both)}/approve", signing(both))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")


def test_approve_without_reason_password_and_code_is_refused() -> None:
    policy = houses.policy()
    answer = signed_in(factories.person(Role.RISK_OFFICER)).post(f"{URL}/{policy.pk}/approve", {})
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert (answer.status_code, pointers) == (422, {"/reason", "/password", "/code"})


def test_simulation_says_what_would_have_been_blocked_and_why(author: User) -> None:
    house = houses.build()
    request = houses.submitted(house)
    gates = houses.policy_document("x")["gates"]
    gates[1]["require"]["value"] = 0.9
    stricter = houses.policy_document(house.policy.name, version=2, gates=gates)
    client = signed_in(author)
    draft = client.post(URL, {"document": stricter}).json()
    found = client.post(f"{URL}/{draft['id']}/simulation", {"last": 40}).json()
    assert (found["requests"], found["would_block"], found["would_release"]) == (1, 1, 0)
    (changed,) = found["changed"]
    assert (changed["promotion"], changed["before"], changed["after"]) == (str(request.pk), "ready", "blocked")
    assert [(gate["gate"], gate["before"], gate["after"]) for gate in changed["gates"]] == [
        ("perf.auc.floor", "", "fail, block")
    ]
    assert client.get(f"{URL}/{draft['id']}/simulation?last=40").json() == found
    assert client.get(f"{URL}/{draft['id']}").json()["state"] == "simulated"


def test_simulation_of_requests_that_one_may_not_read_leaves_them_out() -> None:
    house = houses.build()
    houses.submitted(house)
    reader = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    found = reader.get(f"{URL}/{house.policy.pk}/simulation").json()
    assert (found["requests"], found["sentence"]) == (
        0,
        f"No past request is one that {house.policy} would have governed.",
    )


@pytest.mark.parametrize("last", ["0", "201", "many"])
def test_simulation_of_an_odd_number_of_requests_is_refused(last: str) -> None:
    policy = houses.policy()
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"{URL}/{policy.pk}/simulation?last={last}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?last")


@pytest.mark.parametrize(("role", "status"), [(Role.POLICY_ADMIN, 200), (Role.RISK_OFFICER, 200), (Role.AUDITOR, 403)])
def test_simulation_is_put_on_record_by_those_who_propose_or_approve(author: User, role: Role, status: int) -> None:
    draft = signed_in(author).post(URL, {"document": houses.policy_document("credit")}).json()
    client = signed_in(factories.person(role))
    assert client.post(f"{URL}/{draft['id']}/simulation", {}).status_code == status


def test_simulation_of_an_effective_policy_is_read_and_not_recorded() -> None:
    client = signed_in(factories.person(Role.RISK_OFFICER))
    address = f"{URL}/{houses.policy().pk}/simulation"
    assert (client.get(address).status_code, client.post(address, {}).status_code) == (200, 409)


def test_diff_says_what_became_stricter(author: User) -> None:
    client = signed_in(author)
    gates = houses.policy_document("credit")["gates"]
    gates[1]["require"]["value"] = 0.9
    old = client.post(URL, {"document": houses.policy_document("credit")}).json()
    new = client.post(URL, {"document": houses.policy_document("credit", version=2, gates=gates)}).json()
    assert client.get(f"{URL}/{new['id']}/diff?against={old['id']}").json() == {
        "old": "credit v1",
        "new": "credit v2",
        "differences": [
            {
                "path": "perf.auc.floor.require",
                "direction": "stricter",
                "detail": "95 % lower bound >= 0.80 became 95 % lower bound >= 0.90.",
            }
        ],
    }


def test_diff_against_nothing_is_refused() -> None:
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"{URL}/{houses.policy().pk}/diff")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?against")


def test_explanation_is_in_plain_sentences() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    passages = reader.get(f"{URL}/{houses.policy().pk}/explanation").json()["passages"]
    assert [one["heading"] for one in passages][1:] == [
        "data.contract",
        "perf.auc.floor",
        "Who signs",
        "How long it holds",
        "Afterwards",
    ]
    assert "An approval holds for 12 months." in passages[4]["sentences"]


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
    parts = ("simulation", "explanation", f"diff?against={policy.pk}")
    assert {client.get(f"{URL}/{policy.pk}/{part}").status_code for part in parts} == {404}


def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    houses.policy()
    first = count_queries(reader, URL)
    houses.policy(), houses.policy()
    assert count_queries(reader, URL) == first
