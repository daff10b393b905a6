"""What signs in: arguments, environment, and the file that a sign-in leaves."""

import pytest

from mlops_client import Client, Unusable, credentials
from mlops_client.credentials import Account
from mlops_client.errors import NobodySignedIn

LATER, EARLIER = "2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


def test_kept_sign_in_is_readable_by_its_owner_alone() -> None:
    file = credentials.keep(Account("https://a", "secret", "ada"), expires_at=LATER)
    assert file.stat().st_mode & 0o777 == 0o600
    assert credentials.find(None, None) == Account("https://a", "secret", "ada")


def test_arguments_come_before_the_environment_and_that_before_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.keep(Account("https://kept", "kept"), expires_at=LATER)
    monkeypatch.setenv("MLOPS_URL", "https://environment/")
    monkeypatch.setenv("MLOPS_TOKEN", "environment")
    assert credentials.find(None, None) == Account("https://environment", "environment")
    assert credentials.find("https://given", "given") == Account("https://given", "given")


def test_kept_token_goes_to_no_other_address() -> None:
    credentials.keep(Account("https://a", "secret"), expires_at=LATER)
    with pytest.raises(NobodySignedIn, match="Nobody is signed in to https://b"):
        Client("https://b")


def test_expired_and_forgotten_sign_ins_count_no_more() -> None:
    credentials.keep(Account("https://a", "secret"), expires_at=EARLIER)
    with pytest.raises(NobodySignedIn, match="has expired"):
        credentials.find(None, None)
    credentials.forget("https://a")
    with pytest.raises(NobodySignedIn, match="Nobody is signed in"):
        credentials.find(None, None)


def test_file_that_cannot_be_read_says_so() -> None:
    credentials.keep(Account("https://a", "secret"), expires_at=LATER).write_text("{")
    with pytest.raises(Unusable, match="cannot be read"):
        credentials.find(None, None)


def test_nobody_signed_in_is_told_how_to_sign_in() -> None:
    with pytest.raises(NobodySignedIn, match="mlops_client login"):
        Client()
