"""The admin's page of one's own signing factor."""

import re
import time
from base64 import b32decode

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.core.cache import cache
from django.test import Client

from registry.models import SigningFactor, User
from registry.roles import Role
from registry.services import codes
from tests import desks, factories

pytestmark = pytest.mark.django_db
PATH = "/admin/signing-factor/"


@pytest.fixture
def account() -> User:
    cache.clear()
    return factories.person(Role.VALIDATOR)


def post(client: Client, step: str, *, code: str = "", password: str = factories.PASSWORD) -> tuple[int, str]:
    answer = client.post(PATH, {"step": step, "password": password, "code": code})
    return answer.status_code, answer.content.decode()


def secret_on(page: str) -> str:
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found
    return found[1]


def code_of(secret: str, *, steps: int = 0) -> str:
    moment = int(time.time()) + steps * codes.STEP_SECONDS
    return TOTP(b32decode(secret), codes.DIGITS, SHA1(), codes.STEP_SECONDS).generate(moment).decode()


def states(account: User) -> list[str]:
    return list(SigningFactor.objects.filter(account=account).order_by("id").values_list("state", flat=True))


def test_factor_is_enrolled_and_confirmed_on_the_page(account: User) -> None:
    client = desks.at(account)
    assert "you cannot sign yet" in client.get(PATH).content.decode()
    status, page = post(client, "enrol")
    assert (status, "<svg" in page, "<script>" in page.split('class="record"')[1]) == (200, True, False)
    assert post(client, "confirm", code=code_of(secret_on(page)))[0] == 302
    assert (states(account), "You have signed with one since" in client.get(PATH).content.decode()) == (
        ["active"],
        True,
    )


def test_page_with_the_secret_is_kept_nowhere_and_shows_it_once(account: User) -> None:
    client = desks.at(account)
    answer = client.post(PATH, {"step": "enrol", "password": factories.PASSWORD})
    assert "no-store" in answer["Cache-Control"]
    assert secret_on(answer.content.decode()) not in client.get(PATH).content.decode()


def test_wrong_code_is_told_and_may_be_repeated(account: User) -> None:
    client = desks.at(account)
    secret = secret_on(post(client, "enrol")[1])
    status, page = post(client, "confirm", code=code_of(secret, steps=7))
    assert (status, "The one-time code is not right" in page, secret in page) == (403, True, False)
    assert post(client, "confirm", code=code_of(secret))[0] == 302


def test_wrong_password_enrols_nothing(account: User) -> None:
    status, page = post(desks.at(account), "enrol", password="wrong")
    assert (status, "The password is not right" in page, states(account)) == (403, True, [])


def test_replacing_asks_for_a_code_of_the_old_one(account: User) -> None:
    code, client = factories.code(account), desks.at(account)
    assert "code-enrol" in client.get(PATH).content.decode()
    assert post(client, "enrol")[0] == 403
    assert (post(client, "enrol", code=code)[0], states(account)) == (200, ["active", "pending"])


def test_confirming_what_does_not_wait_is_refused(account: User) -> None:
    assert post(desks.at(account), "confirm", code="123456")[0] == 409


def test_every_page_links_to_it(account: User) -> None:
    assert f'href="{PATH}"' in desks.at(account).get("/admin/").content.decode()


def test_nobody_is_asked_to_sign_in() -> None:
    assert Client().get(PATH)["Location"].startswith("/admin/login/")
