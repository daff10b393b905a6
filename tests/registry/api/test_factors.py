"""One's own signing factor over the API."""

import time
from base64 import b32decode
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.core.cache import cache
from rest_framework.test import APIClient

from registry.models import User
from registry.roles import Role
from registry.services import codes, people
from tests import factories
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db
PATH = "/api/v1/me/factor"
PASSWORD = {"password": factories.PASSWORD}


@pytest.fixture
def account() -> User:
    cache.clear()
    return factories.person(Role.VALIDATOR)


def code_of(secret: str, *, steps: int = 0) -> str:
    moment = int(time.time()) + steps * codes.STEP_SECONDS
    return TOTP(b32decode(secret), codes.DIGITS, SHA1(), codes.STEP_SECONDS).generate(moment).decode()


def test_factor_enrolled_and_confirmed_is_the_one_that_signs(account: User) -> None:
    client = signed_in(account)
    assert client.get(PATH).json() == {"active": None, "newest": None}
    made = client.post(PATH, PASSWORD)
    assert (made.status_code, made["Cache-Control"], made.json()["factor"]["state"]) == (201, "no-store", "pending")
    body = {"factor": made.json()["factor"]["id"], "code": code_of(made.json()["secret"]), **PASSWORD}
    answer = client.post(f"{PATH}/confirm", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "active")
    assert client.get(PATH).json() == {"active": answer.json(), "newest": answer.json()}


def test_factor_under_a_password_that_an_admin_set_is_refused_with_its_remedy(account: User) -> None:
    admin = factories.acting(factories.person(Role.PLATFORM_ADMIN))
    made = people.create(factories.name("person"), full_name="Vera Vogt", password=factories.PASSWORD, actor=admin)
    answer = signed_in(made).post(PATH, PASSWORD)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
    assert answer.json()["remedy"].startswith("Change it first")


def test_secret_is_shown_once_and_as_a_picture(account: User) -> None:
    client = signed_in(account)
    made = client.post(PATH, PASSWORD).json()
    assert made["secret"] in made["uri"]
    assert ElementTree.fromstring(made["picture"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert made["secret"] not in client.get(PATH).content.decode()


def test_enrolment_with_an_idempotency_key_is_not_kept(account: User) -> None:
    client, header = signed_in(account), {"Idempotency-Key": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a05"}
    secrets = [client.post(PATH, PASSWORD, headers=header).json()["secret"] for _ in range(2)]
    assert secrets[0] != secrets[1]


@pytest.mark.parametrize("body", [{"password": "wrong"}, {}])
def test_enrolment_without_the_password_is_refused(account: User, body: dict[str, str]) -> None:
    client = signed_in(account)
    assert client.post(PATH, body).status_code == (403 if body else 422)
    assert client.get(PATH).json()["newest"] is None


def test_second_enrolment_needs_a_code_of_the_first(account: User) -> None:
    code = factories.code(account)
    client = signed_in(account)
    refused = client.post(PATH, PASSWORD)
    assert (refused.status_code, "a code of it is needed" in refused.json()["detail"]) == (403, True)
    assert client.post(PATH, {**PASSWORD, "code": code}).status_code == 201


def test_wrong_first_code_confirms_nothing(account: User) -> None:
    client = signed_in(account)
    made = client.post(PATH, PASSWORD).json()
    body = {"factor": made["factor"]["id"], "code": code_of(made["secret"], steps=5), **PASSWORD}
    assert client.post(f"{PATH}/confirm", body).status_code == 403
    assert client.get(PATH).json()["active"] is None


def test_factor_of_somebody_else_does_not_exist_here(account: User) -> None:
    made = signed_in(account).post(PATH, PASSWORD).json()
    body = {"factor": made["factor"]["id"], "code": code_of(made["secret"]), **PASSWORD}
    answer = signed_in(factories.person()).post(f"{PATH}/confirm", body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/factor"])


def test_platform_admin_and_service_have_no_factor() -> None:
    people = [factories.person(Role.PLATFORM_ADMIN), factories.person(kind=User.Kind.SERVICE)]
    assert [signed_in(one).post(PATH, PASSWORD).status_code for one in people] == [403, 403]


def test_nobody_has_no_factor() -> None:
    answers = [APIClient().get(PATH), APIClient().post(PATH, PASSWORD), APIClient().post(f"{PATH}/confirm", PASSWORD)]
    assert [answer.status_code for answer in answers] == [401, 401, 401]


def test_reading_takes_as_many_queries_after_three_enrolments(account: User) -> None:
    client = signed_in(account)
    client.post(PATH, PASSWORD)
    first = count_queries(client, PATH)
    client.post(PATH, PASSWORD), client.post(PATH, PASSWORD)
    assert count_queries(client, PATH) == first
