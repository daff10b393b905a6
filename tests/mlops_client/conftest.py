"""A client that talks to the server inside the test's own process and transaction, before the judge's eyes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from mlops_client import Client
from mlops_client.cli import program
from registry.models import User
from tests import factories
from tests.mlops_client.published import Judge

URL = "http://localhost"
ClientOf = Callable[[User], Client]
TypedBy = Callable[[User], Callable[..., int]]


@pytest.fixture
def judge() -> Iterator[Judge]:
    # As Django's own test client does: a request must not close the connection that holds the test's transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield Judge(httpx.WSGITransport(app=get_wsgi_application(), raise_app_exceptions=False))
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def nobody_signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the person at this machine has signed in to stays out of the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MLOPS_URL", raising=False)
    monkeypatch.delenv("MLOPS_TOKEN", raising=False)


@pytest.fixture
def client_of(db: None, judge: Judge) -> ClientOf:
    """A client of an account."""

    def made(account: User) -> Client:
        token = factories.token(account).removeprefix("Bearer ")
        return Client(URL, token, transport=judge)

    return made


@pytest.fixture
def typing(db: None, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> TypedBy:
    """What an account types, of whom the environment has a token."""

    def of(account: User) -> Callable[..., int]:
        monkeypatch.setenv("MLOPS_URL", URL)
        monkeypatch.setenv("MLOPS_TOKEN", factories.token(account).split()[1])
        return lambda *words: program.main(words, transport=judge)

    return of
