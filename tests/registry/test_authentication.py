"""Wrong passwords lock an account's password at every door, counted in the real cache."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from registry import authentication
from registry.authentication import MAX_WRONG, WINDOW_SECONDS
from registry.errors import SignatureRejected
from registry.models import User
from registry.services import signing
from tests import factories, recorded


@pytest.fixture(autouse=True)
def window() -> None:
    """A test that began in one window must not end in the next."""
    cache.clear()
    left = WINDOW_SECONDS - time.time() % WINDOW_SECONDS
    if left < 5:
        time.sleep(left)


@pytest.fixture
def account(db: None) -> User:
    return factories.person()


def guess(username: str, times: int = MAX_WRONG) -> None:
    for _ in range(times):
        assert authenticate(None, username=username, password="wrong") is None


def is_right(account: User) -> bool:
    return authentication.is_right(account, factories.PASSWORD)


class Counting(MD5PasswordHasher):
    """Counts what a slow hash would cost."""

    algorithm = "counting"
    verified = 0

    def verify(self, password: str, encoded: str) -> bool:
        Counting.verified += 1
        return super().verify(password, encoded)


def logged_in(body: dict[str, str]) -> Client:
    client = Client()
    client.post("/admin/login/?next=/admin/", body)
    return client


def test_password_after_ten_wrong_ones_is_not_looked_at(account: User) -> None:
    guess(account.username)
    assert (is_right(account), 0 < authentication.locked_minutes(account.username) <= 10) == (False, True)


def test_password_after_nine_wrong_ones_is_right_and_forgives_them(account: User) -> None:
    for _ in range(2):
        guess(account.username, MAX_WRONG - 1)
        assert is_right(account)
    assert authentication.locked_seconds(account.username) == 0


def test_lock_of_one_account_locks_no_other(account: User) -> None:
    guess(account.username)
    assert is_right(factories.person())


def test_lock_ends_with_its_window(account: User) -> None:
    guess(account.username)
    cache.delete(authentication._counter(authentication.PASSWORD, account.username))  # what the end of the window does
    assert is_right(account)


@pytest.mark.parametrize("spelling", ["{0} ", "\t{0}", "ｐ{1}", "P{1}"])
def test_guesses_under_another_spelling_count_for_the_same_name(account: User, spelling: str) -> None:
    guess(spelling.format(account.username, account.username[1:]))
    assert not is_right(account)


def test_name_that_nobody_has_locks_alike(db: None) -> None:
    guess("nobody")
    assert authentication.locked_seconds("nobody") > 0


def test_guesses_sent_at_once_are_counted_each() -> None:
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(authentication._count, [authentication.PASSWORD] * 40, ["ada"] * 40))
    assert sorted(numbers) == list(range(1, 41))


def test_right_passwords_among_guesses_sent_at_once_disturb_no_count(live_database: str) -> None:
    account = factories.person()

    def look(_: int) -> bool:
        try:
            return is_right(account)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(look, range(16)))


def test_name_made_to_look_like_the_counter_of_codes_leaves_it_alone(account: User) -> None:
    for name in (f"{account.username}\0code", f"{account.username}:code", f"code:{account.username}"):
        for _ in range(MAX_WRONG + 1):
            authentication._count(authentication.PASSWORD, name)
    assert authentication.may_try(account, "code")


def test_token_of_a_locked_account_is_too_many_requests(account: User) -> None:
    guess(account.username)
    answer = APIClient().post("/api/v1/tokens", {"username": account.username, "password": factories.PASSWORD})
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/throttled")
    assert 0 < int(answer["Retry-After"]) <= WINDOW_SECONDS + 1


def test_login_of_a_locked_account_is_refused(account: User) -> None:
    body = {"username": account.username, "password": factories.PASSWORD}
    guess(account.username)
    assert "_auth_user_id" not in logged_in(body).session
    cache.clear()
    assert logged_in(body).session["_auth_user_id"] == str(account.pk)


def test_signature_of_a_locked_account_says_to_wait(account: User) -> None:
    guess(account.username)
    with pytest.raises(SignatureRejected, match=r"too many wrong passwords; wait \d+ minutes"):
        signing.prove(factories.acting(account), factories.Credentials(factories.PASSWORD, "000000"))


def test_wrong_passwords_at_signing_lock_the_token_door(account: User) -> None:
    for said in ["is not right"] * (MAX_WRONG - 1) + ["too many wrong passwords"]:
        with pytest.raises(SignatureRejected, match=said):
            signing.prove(factories.acting(account), factories.Credentials("wrong", "000000"))
    assert not is_right(account)


def test_sign_in_hashes_the_password_once(account: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting", *settings.PASSWORD_HASHERS]
    Counting.verified = 0
    User.objects.filter(pk=account.pk).update(password=Counting().encode(factories.PASSWORD, "salt"))
    APIClient().post("/api/v1/tokens", {"username": account.username, "password": factories.PASSWORD})
    assert Counting.verified == 1


def test_wrong_password_is_on_record_until_the_lock(account: User) -> None:
    for _ in range(authentication.MAX_WRONG + 3):
        authentication.is_right(account, "not it")
    failed = [one for one in recorded.entries(account) if one["event"] == "account.sign_in_failed"]
    assert [one["data"]["tried"] for one in reversed(failed)] == list(range(1, authentication.MAX_WRONG + 1))
    assert [one["data"]["locked"] for one in failed] == [True] + [False] * (authentication.MAX_WRONG - 1)
