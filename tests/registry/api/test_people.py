"""Accounts, roles and tokens over the API."""

import pytest
from django.core.cache import cache
from django.utils.dateparse import parse_datetime
from knox.models import AuthToken
from rest_framework.test import APIClient

from audit.models import Event
from registry.models import Grant, User
from registry.roles import Role
from tests import factories
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_guessed_yet() -> None:
    cache.clear()


def sign_in(username: str, password: str = factories.PASSWORD) -> tuple[APIClient, int]:
    """A client that holds what signing in gave, and the status it gave it with."""
    client = APIClient()
    answer = client.post("/api/v1/tokens", {"username": username, "password": password})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json().get('token', 'none')}")
    return client, answer.status_code


def test_token_for_the_right_password_signs_in() -> None:
    account = factories.person()
    client, status = sign_in(account.username)
    assert (status, client.get("/api/v1/me").json()["id"]) == (201, str(account.pk))


def test_token_answer_names_its_expiry_and_must_not_be_stored() -> None:
    body = {"username": factories.person().username, "password": factories.PASSWORD}
    answer = APIClient().post("/api/v1/tokens", body)
    expiry = AuthToken.objects.get().expiry
    assert (answer["Cache-Control"], parse_datetime(answer.json()["expires_at"])) == ("no-store", expiry)


def test_token_for_a_wrong_password_or_a_wrong_name_is_refused_alike() -> None:
    body = {"username": factories.person().username, "password": "wrong"}
    answers = [APIClient().post("/api/v1/tokens", {**body, **change}) for change in ({}, {"username": "nobody"})]
    problems = [{**answer.json(), "request_id": ""} for answer in answers]
    assert problems[0] == problems[1]
    assert (answers[0].status_code, problems[0]["type"]) == (401, "/problems/not-authenticated")


def test_token_guessed_ten_times_in_a_minute_is_throttled() -> None:
    account = factories.person()
    statuses = [sign_in(account.username, "wrong")[1] for _ in range(11)]
    assert statuses == [401] * 9 + [429] * 2


def test_token_guessed_under_forged_addresses_is_throttled_too() -> None:
    body = {"username": factories.person().username, "password": "wrong"}
    for number in range(10):
        APIClient().post("/api/v1/tokens", body, headers={"X-Forwarded-For": f"10.0.0.{number}"})
    answer = APIClient().post("/api/v1/tokens", body, headers={"X-Forwarded-For": "10.0.0.99"})
    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 61) == (429, True)


def test_token_that_was_revoked_signs_nobody_in() -> None:
    account = factories.person()
    client, _ = sign_in(account.username)
    assert client.delete("/api/v1/tokens/current").status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert Event.objects.filter(event="account.token_revoked", subject_id=str(account.pk)).count() == 1


def test_me_lists_the_roles_held_now() -> None:
    system = factories.system()
    account = factories.person(Role.VALIDATOR, system=system)
    shown = signed_in(account).get("/api/v1/me").json()
    assert (shown["full_name"], shown["roles"]) == (
        account.full_name,
        [{"role": "validator", "system": str(system.pk)}],
    )


def test_account_created_by_a_platform_admin_signs_in_without_any_role() -> None:
    body = {"username": "ada", "full_name": "Ada Lovelace", "password": "an analytical engine"}
    answer = signed_in(factories.person(Role.PLATFORM_ADMIN)).post("/api/v1/accounts", body)
    client, _ = sign_in("ada", body["password"])
    assert (answer.status_code, client.get("/api/v1/me").json()["roles"]) == (201, [])


def test_account_with_a_common_password_is_refused() -> None:
    body = {"username": "ada", "full_name": "Ada Lovelace", "password": "password1234"}
    answer = signed_in(factories.person(Role.PLATFORM_ADMIN)).post("/api/v1/accounts", body)
    assert (answer.status_code, {error["pointer"] for error in answer.json()["errors"]}) == (422, {"/password"})


@pytest.mark.parametrize("path", ["/api/v1/accounts", "/api/v1/grants"])
def test_people_are_not_shown_to_an_auditor(path: str) -> None:
    answer = signed_in(factories.person(Role.AUDITOR)).get(path)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


@pytest.mark.parametrize("path", ["/api/v1/accounts", "/api/v1/grants"])
def test_people_of_three_more_take_no_more_queries(path: str) -> None:
    client = signed_in(factories.person(Role.PLATFORM_ADMIN))
    first = count_queries(client, path)
    factories.person(Role.ENGINEER), factories.person(Role.ENGINEER), factories.person(Role.ENGINEER)
    assert count_queries(client, path) == first


def test_account_created_by_an_engineer_is_refused() -> None:
    body = {"username": "ada", "full_name": "Ada Lovelace"}
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/accounts", body)
    assert (answer.status_code, User.objects.filter(username="ada").exists()) == (403, False)


def test_grant_by_a_platform_admin_gives_the_role_there() -> None:
    account, system = factories.person(), factories.system()
    body = {"account": str(account.pk), "role": "engineer", "system": str(system.pk)}
    answer = signed_in(factories.person(Role.PLATFORM_ADMIN)).post("/api/v1/grants", body)
    assert (answer.status_code, {key: answer.json()[key] for key in body}) == (201, body)


def test_grant_of_a_signing_role_counts_once_a_second_person_confirmed_it() -> None:
    account = factories.person()
    body = {"account": str(account.pk), "role": "validator"}
    given = signed_in(factories.person(Role.PLATFORM_ADMIN)).post("/api/v1/grants", body).json()
    client = signed_in(account)
    assert (given["pending"], client.get("/api/v1/me").json()["roles"]) == (True, [])
    officer = signed_in(factories.person(Role.RISK_OFFICER))
    waiting = officer.get("/api/v1/grants", {"pending": True}).json()["results"]
    answer = officer.post(f"/api/v1/grants/{waiting[0]['id']}/confirm")
    assert (len(waiting), answer.status_code, answer.json()["pending"]) == (1, 200, False)
    assert client.get("/api/v1/me").json()["roles"] == [{"role": "validator", "system": None}]


def test_grant_confirmed_by_who_gave_it_is_a_conflict_of_duties() -> None:
    admin = signed_in(factories.person(Role.PLATFORM_ADMIN))
    given = admin.post("/api/v1/grants", {"account": str(factories.person().pk), "role": "validator"}).json()
    answer = admin.post(f"/api/v1/grants/{given['id']}/confirm")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")


def test_risk_officer_confirms_roles_and_gives_none() -> None:
    officer = signed_in(factories.person(Role.RISK_OFFICER))
    answer = officer.post("/api/v1/grants", {"account": str(factories.person().pk), "role": "engineer"})
    assert (answer.status_code, officer.get("/api/v1/accounts").status_code) == (403, 403)


def test_factor_reset_by_two_over_the_api() -> None:
    account = factories.person(Role.VALIDATOR)
    factories.credentials(account)
    path, why = f"/api/v1/accounts/{account.pk}/factor/reset", {"reason": "She lost her phone."}
    admin, officer = (signed_in(factories.person(role)) for role in (Role.PLATFORM_ADMIN, Role.RISK_OFFICER))
    assert officer.post(path, why).status_code == 403
    assert officer.post(f"{path}/agree", why).status_code == 409
    asked = admin.post(path, why)
    assert (asked.status_code, asked.json()["state"], asked.json()["reset_asked"] is not None) == (200, "active", True)
    assert admin.post(f"{path}/agree", why).json()["type"] == "/problems/duty-conflict"
    assert officer.post(f"{path}/agree", why).json()["state"] == "retired"


def test_grant_to_oneself_is_a_conflict_of_duties() -> None:
    admin = factories.person(Role.PLATFORM_ADMIN)
    answer = signed_in(admin).post("/api/v1/grants", {"account": str(admin.pk), "role": "owner"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")
    assert Grant.objects.filter(account=admin).count() == 1


def test_grant_deleted_by_a_platform_admin_is_revoked_and_stays_on_record() -> None:
    account = factories.person(Role.VALIDATOR)
    path = f"/api/v1/grants/{account.grants.get().pk}"
    client = signed_in(factories.person(Role.PLATFORM_ADMIN))
    assert (client.delete(path).status_code, client.delete(path).status_code) == (204, 409)
    assert client.get(path).json()["revoked_at"] is not None


def test_grant_deleted_by_its_holder_is_refused() -> None:
    account = factories.person(Role.VALIDATOR)
    assert signed_in(account).delete(f"/api/v1/grants/{account.grants.get().pk}").status_code == 403
    assert account.grants.get().revoked_at is None


def test_account_deactivated_by_a_platform_admin_signs_in_nowhere() -> None:
    account = factories.person(Role.VALIDATOR)
    client = signed_in(account)
    answer = signed_in(factories.person(Role.PLATFORM_ADMIN)).post(f"/api/v1/accounts/{account.pk}/deactivate")
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert (client.get("/api/v1/me").status_code, sign_in(account.username)[1]) == (401, 401)


def test_account_deactivated_by_an_engineer_is_refused() -> None:
    account = factories.person()
    path = f"/api/v1/accounts/{account.pk}/deactivate"
    assert signed_in(factories.person(Role.ENGINEER)).post(path).status_code == 403
    assert User.objects.get(pk=account.pk).is_active


def test_own_password_changed_ends_the_token_and_signs_in_anew() -> None:
    account, new = factories.person(), "another horse battery"
    client = signed_in(account)
    answer = client.post("/api/v1/me/password", {"old": factories.PASSWORD, "new": new})
    assert (answer.status_code, client.get("/api/v1/me").status_code) == (204, 401)
    assert (sign_in(account.username)[1], sign_in(account.username, new)[1]) == (401, 201)


def test_own_password_with_a_wrong_old_one_is_refused() -> None:
    client = signed_in(factories.person())
    answer = client.post("/api/v1/me/password", {"old": "wrong", "new": "another horse battery"})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/old"])


def test_own_password_of_nobody_is_refused() -> None:
    assert APIClient().post("/api/v1/me/password", {"old": "a", "new": "b"}).status_code == 401


def test_user_name_with_blanks_around_it_signs_nobody_in() -> None:
    account = factories.person()
    assert [sign_in(name)[1] for name in (f" {account.username}", f"{account.username}\t")] == [401, 401]
