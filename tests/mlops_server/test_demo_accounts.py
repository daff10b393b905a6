"""The people of the demo: made once, with signing factors whose codes nobody else can print."""

import io
import json
import stat
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from audit.actors import system
from mlops_server.demo import accounts, authenticator
from mlops_server.demo.accounts import Pocket
from registry import actors
from registry.models import SigningFactor, User
from registry.services import factors, signing
from registry.services.signing import Credentials


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    cache.clear()
    return tmp_path


def test_accounts_made_twice_are_the_same(live_database: str, folder: Path) -> None:
    first, second = accounts.ensure(), accounts.ensure()
    assert {name: (one.password, one.secret) for name, one in first.items()} == {
        name: (one.password, one.secret) for name, one in second.items()
    }
    people = User.objects.filter(factors__state=SigningFactor.State.ACTIVE).values_list("username", flat=True)
    assert sorted(people) == ["anton", "carla", "elena", "omar", "petra", "rita", "viktor"]
    assert stat.S_IMODE(accounts.credentials_file().stat().st_mode) == 0o600


def test_person_of_the_demo_signs_at_once(live_database: str, folder: Path) -> None:
    pocket = accounts.ensure()["viktor"]
    actor = actors.of(User.objects.get(username="viktor"))
    signer = signing.prove(actor, Credentials(password=pocket.password, code=pocket.code()))
    assert signer.account == actor.account


def test_enrolment_that_was_cut_off_is_made_again(live_database: str, folder: Path) -> None:
    pocket = accounts.ensure()["viktor"]
    account = User.objects.get(username="viktor")
    with transaction.atomic():
        factors.retire(account, factors.LIVING, cause="reset", actor=system("bootstrap"))
    assert accounts.ensure()["viktor"].secret != pocket.secret
    assert factors.active(account) is not None


def test_pocket_gives_each_code_once() -> None:
    pocket = Pocket("secret", secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    codes = [pocket.code(), pocket.code()]
    assert codes == [authenticator.code(pocket.secret, pocket.used - 1), authenticator.code(pocket.secret, pocket.used)]


def test_authenticator_gives_the_codes_of_the_rfc() -> None:
    """RFC 6238, appendix B, the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    found = {moment: authenticator.code(secret, moment // 30) for moment in (59, 1111111109, 1234567890, 20000000000)}
    assert found == {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}


def test_code_is_printed_for_accounts_of_the_demo_alone(folder: Path) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    rows = [{"username": "ada", "password": "pw", "secret": secret}, {"username": "paula", "password": "pw"}]
    (folder / "credentials.json").write_text(json.dumps(rows))
    printed = io.StringIO()
    call_command("code", "ada", stdout=printed, stderr=io.StringIO())
    assert len(printed.getvalue().strip()) == 6
    for name in ("paula", "grace"):
        with pytest.raises(CommandError, match=f"no signing factor of '{name}'; it does of: ada."):
            call_command("code", name)


def test_credentials_are_shown_without_secrets(folder: Path) -> None:
    rows = [{"username": "ada", "password": "pw", "secret": "GEZDGNBV"}]
    (folder / "credentials.json").write_text(json.dumps(rows))
    printed = io.StringIO()
    call_command("credentials", stdout=printed)
    assert ("GEZDGNBV" in printed.getvalue(), "make code WHO=viktor" in printed.getvalue()) == (False, True)
