"""The admin's page to change one's own password."""

import pytest
from django.core.cache import cache
from django.test import Client

from registry.models import User
from tests import desks, factories, recorded

pytestmark = pytest.mark.django_db
PATH = "/admin/password_change/"
NEW = "another horse battery"


@pytest.fixture
def account() -> User:
    cache.clear()
    return factories.person()


def change(client: Client, old: str = factories.PASSWORD, new: str = NEW) -> tuple[int, str]:
    answer = client.post(PATH, {"old_password": old, "new_password1": new, "new_password2": new})
    return answer.status_code, answer.content.decode()


def test_page_shows_the_form_within_the_admin(account: User) -> None:
    answer = desks.at(account).get(PATH)
    assert (answer.status_code, "new_password1" in answer.content.decode()) == (200, True)
    assert "My queue" in answer.content.decode()


def test_change_is_recorded_and_keeps_this_session_only(account: User) -> None:
    here, elsewhere = desks.at(account), desks.at(account)
    assert change(here)[0] == 302
    assert recorded.names(account)[-1] == "account.password_changed"
    assert [client.get("/admin/").status_code for client in (here, elsewhere)] == [200, 302]
    assert recorded.fresh(account).check_password(NEW)


def test_change_ends_at_the_page_that_says_so(account: User) -> None:
    body = {"old_password": factories.PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert desks.at(account).post(PATH, body, follow=True).redirect_chain == [("/admin/password_change/done/", 302)]


@pytest.mark.parametrize(
    ("old", "new"), [("wrong", NEW), *((factories.PASSWORD, new) for new in ("short", factories.PASSWORD))]
)
def test_change_that_is_wrong_weak_or_none_changes_nothing(account: User, old: str, new: str) -> None:
    assert change(desks.at(account), old, new)[0] == 200
    assert recorded.fresh(account).check_password(factories.PASSWORD)


def test_eleventh_wrong_password_here_is_told_to_wait(account: User) -> None:
    client = desks.at(account)
    pages = [change(client, "wrong")[1] for _ in range(10)]
    assert "is not right" in pages[8]
    assert "too many wrong passwords" in change(client)[1]


def test_nobody_is_asked_to_sign_in() -> None:
    assert Client().get(PATH)["Location"].startswith("/admin/login/")
