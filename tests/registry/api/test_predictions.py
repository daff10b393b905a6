"""Predictions and outcomes over the API: what strangers send, and what they learn."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from registry.models import AISystem, Prediction, User
from registry.roles import Role
from registry.serving import snapshot
from tests import factories, houses
from tests.clients import signed_in
from tests.houses import House

ROW = {"features": {"AGEP": 40, "SCHL": 20}, "attributes": {"SEX": 1}}


@pytest.fixture(autouse=True)
def _fresh_snapshots(db: None) -> None:
    snapshot._snapshots.clear()


@pytest.fixture
def serving(house: House) -> House:
    houses.champion(house)
    return house


@pytest.fixture
def client(serving: House) -> APIClient:
    return signed_in(factories.person(Role.CALLER, system=serving.system, kind=User.Kind.SERVICE))


def sent(client: APIClient, house: House, body: str) -> Any:
    return client.generic("POST", f"/api/v1/slots/{house.slot.key}/predict", body, content_type="application/json")


def test_prediction_is_answered_and_its_outcome_stored(serving: House, client: APIClient) -> None:
    path = f"/api/v1/slots/{serving.slot.key}"
    answer = client.post(f"{path}/predict", {"rows": [ROW]})
    outcome = {"prediction": answer.json()["predictions"][0]["id"], "value": 1}
    stored = client.post(f"{path}/outcomes", {"outcomes": [outcome]})
    assert (answer.status_code, stored.status_code, stored.json()) == (200, 201, {"stored": 1})


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e39", "1" + "0" * 400])
def test_feature_that_no_float_holds_is_named(serving: House, client: APIClient, value: str) -> None:
    answer = sent(client, serving, '{"rows": [{"features": {"AGEP": ' + value + ', "SCHL": 1}}]}')
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/rows/0/features/AGEP")
    assert Prediction.objects.count() == 0


@pytest.mark.parametrize("attributes", ['{"a": 1e400}', '{"a": {}}', '{"\\n": 1}', "[]", '"a"'])
def test_attributes_that_cannot_be_kept_are_refused(serving: House, client: APIClient, attributes: str) -> None:
    body = '{"rows": [{"features": {"AGEP": 1, "SCHL": 1}, "attributes": ' + attributes + "}]}"
    assert (sent(client, serving, body).status_code, Prediction.objects.count()) == (422, 0)


@pytest.mark.parametrize("text", ["\\ud800", "a\\uDFFFb", "\\udc00\\ud800"])
@pytest.mark.parametrize("place", ['"entity": "%s"', '"attributes": {"a": "%s"}', '"attributes": {"%s": 1}'])
def test_half_a_surrogate_pair_is_malformed(serving: House, client: APIClient, place: str, text: str) -> None:
    answer = sent(client, serving, '{"rows": [{"features": {"AGEP": 1, "SCHL": 1}, %s}]}' % (place % text))
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


def test_whole_surrogate_pair_is_a_character(serving: House, client: APIClient) -> None:
    body = '{"rows": [{"features": {"AGEP": 1, "SCHL": 1}, "entity": "\\ud83d\\ude00"}]}'
    assert (sent(client, serving, body).status_code, Prediction.objects.get().entity) == (200, "\U0001f600")


@pytest.mark.parametrize("act", [("predict", {"rows": [ROW]}), ("outcomes", {"outcomes": []})])
def test_slot_that_does_not_exist_is_not_found(client: APIClient, act: tuple[str, Any]) -> None:
    assert client.post(f"/api/v1/slots/nothing/{act[0]}", act[1]).status_code == 404


def test_slot_name_that_the_database_cannot_hold_is_invalid(client: APIClient) -> None:
    answer = client.post("/api/v1/slots/a%00b/predict", {"rows": [ROW]})
    assert (answer.status_code, "cannot hold" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("act", [("predict", {"rows": [ROW]}), ("outcomes", {"outcomes": []})])
def test_slot_of_a_system_where_one_holds_no_role_is_not_found(serving: House, act: tuple[str, Any]) -> None:
    elsewhere = factories.person(Role.OPERATOR, system=factories.system())
    path = f"/api/v1/slots/{serving.slot.key}/{act[0]}"
    assert signed_in(elsewhere).post(path, act[1]).status_code == 404
    assert signed_in(serving.engineer).post(path, act[1]).status_code == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("", 428),
        ('""', 412),
        ("x", 412),
        ("*", 412),
        ('W/"1"', 412),
        ('"1', 412),
        ("²", 412),
        ("1" * 10, 412),
        ("9", 412),
    ],
)
def test_if_match_that_names_no_revision_changes_nothing(house: House, given: str, status: int) -> None:
    answer = signed_in(house.engineer).patch(
        f"/api/v1/systems/{house.system.pk}", {"purpose": "Another."}, headers={"If-Match": given}
    )
    assert answer.status_code == status


@pytest.mark.parametrize("given", ['"{}"', "{}"])
def test_if_match_quoted_or_bare_is_the_revision(house: House, given: str) -> None:
    revision = AISystem.objects.get(pk=house.system.pk).revision
    answer = signed_in(house.engineer).patch(
        f"/api/v1/systems/{house.system.pk}", {"purpose": "Another."}, headers={"If-Match": given.format(revision)}
    )
    assert answer.status_code == 200


def test_token_that_is_no_text_is_malformed() -> None:
    answer = APIClient().get("/api/v1/me", headers={"Authorization": "Bearer \xff\xfe"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


@pytest.mark.parametrize(("value", "status"), [("NaN", 400), ("1e400", 422), ('"1"', 422), ("null", 422), ("0.5", 422)])
def test_outcome_that_is_no_class_is_named_by_its_row(
    serving: House, client: APIClient, value: str, status: int
) -> None:
    path = f"/api/v1/slots/{serving.slot.key}"
    made = client.post(f"{path}/predict", {"rows": [ROW]}).json()["predictions"][0]["id"]
    body = f'{{"outcomes": [{{"prediction": "{made}", "value": {value}}}]}}'
    answer = client.generic("POST", f"{path}/outcomes", body, content_type="application/json")
    pointers = [problem["pointer"] for problem in answer.json().get("errors", [])]
    assert (answer.status_code, pointers) == (status, ["/outcomes/0/value"] if status == 422 else [])


def test_failed_request_is_read_without_what_was_sent(serving: House, client: APIClient) -> None:
    refused = sent(client, serving, '{"rows": [{"features": {"AGEP": "Ada", "SCHL": 1}}]}')
    found = signed_in(serving.operator).get("/api/v1/failed-requests", {"cause": "invalid"}).json()["results"]
    assert refused.status_code == 422
    assert [(one["row_count"], "Ada" in str(one)) for one in found] == [(1, False)]
