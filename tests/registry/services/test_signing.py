"""Signatures: genuine for exactly what was stated, by whom and when, and for nothing else."""

import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.cache import cache
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actors import Actor, system
from registry import signatures
from registry.errors import NotPermitted, RegistryError, SignatureRejected
from registry.models import CardText, ClauseExemption, Decision, Signature, SigningFactor, User
from registry.models.signatures import Signed
from registry.roles import Role
from registry.services import factor_resets, people, signing
from registry.services.signing import Credentials, Signer, Stated
from tests import factories, recorded
from tests.factories import acting

KINDS: tuple[type[Signed], ...] = (Decision, CardText, ClauseExemption, Signature)
PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@pytest.fixture(autouse=True)
def nobody_guessed_yet() -> None:
    cache.clear()


@pytest.fixture
def account(db: None) -> User:
    return factories.person(Role.VALIDATOR)


def stated(**changes: Any) -> Stated:
    whole: dict[str, Any] = {
        "kind": "decision",
        "subject": "promotion",
        "identity": uuid4(),
        "record_digest": "ab" * 32,
        "verdict": "approve",
        "role": "validator",
        "meaning": "independent_validation",
        "reason": "The figures hold.",
        "more": {"conditions": "cd" * 32, "on_behalf_of": "person:1"},
    }
    return Stated(**{**whole, **changes})


def proven(account: User) -> Signer:
    return signing.prove(acting(account), factories.credentials(account))


def signed(account: User, said: Stated, kind: type[Signed] = Signature) -> Signed:
    signer = proven(account)
    with transaction.atomic():
        return kind(**signing.columns(signer, said))


@pytest.mark.parametrize("kind", KINDS)
def test_signature_of_every_kind_is_genuine(account: User, kind: type[Signed]) -> None:
    said = stated()
    assert signing.genuine(signed(account, said, kind), stated=said)


def test_statement_is_what_part_11_asks_for_and_says_to_which_record_it_belongs(account: User) -> None:
    said = stated()
    row = signed(account, said)
    assert row.statement == {
        "statement": "decision",
        "promotion": str(said.identity),
        "record_digest": "ab" * 32,
        "verdict": "approve",
        "role": "validator",
        "meaning": "independent_validation",
        "reason_digest": hashlib.sha256(b"The figures hold.").hexdigest(),
        "signer": f"person:{account.pk}",
        "printed_name": account.full_name,
        "signed_at": row.signed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "factors": ["password", "one-time code"],
        "conditions": "cd" * 32,
        "on_behalf_of": "person:1",
    }


@PROPERTY
@given(data=st.data())
def test_signature_moved_to_any_other_statement_is_not_genuine(account: User, data: st.DataObject) -> None:
    """Another record, kind, verdict, role, meaning, reason, condition, or person stood in for."""
    row, said = _signed_once(account)
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(Stated)]))
    value: Any = data.draw(st.dictionaries(words.map(lambda word: f"x{word}"), words) if name == "more" else words)
    moved = dataclasses.replace(said, **{name: value})
    assert signing.genuine(row, stated=moved) == (moved == said)


COLUMNS = ["role", "meaning", "reason", "printed_name", "signed_digest", "public_key", "personal_key"]


@PROPERTY
@given(column=st.sampled_from([*COLUMNS, "signature", "personal_signature"]), value=words)
def test_row_with_a_column_changed_is_not_genuine(account: User, column: str, value: str) -> None:
    row, said = _signed_once(account)
    changed = Signature(**{**_values(row), column: value})
    same = stated(**{**_fields(said), column: value}) if column in ("role", "meaning", "reason") else said
    assert signing.genuine(changed, stated=same) == (getattr(row, column) == value)


@PROPERTY
@given(member=st.sampled_from(["verdict", "printed_name", "signed_at", "signer", "promotion", "factors"]), value=words)
def test_row_with_its_statement_changed_is_not_genuine(account: User, member: str, value: str) -> None:
    row, said = _signed_once(account)
    changed = Signature(**{**_values(row), "statement": {**row.statement, member: value}})
    assert not signing.genuine(changed, stated=said)


@pytest.mark.parametrize("seconds", [-86_400, -1, 1, 86_400])
def test_row_of_another_time_is_not_genuine(account: User, seconds: int) -> None:
    row, said = _signed_once(account)
    moved = {"signed_at": row.signed_at + timedelta(seconds=seconds)}
    assert not signing.genuine(Signature(**{**_values(row), **moved}), stated=said)


def test_row_given_to_another_person_is_not_genuine(account: User) -> None:
    row, said = _signed_once(account)
    other = factories.person(Role.VALIDATOR)
    proven(other)
    assert not signing.genuine(Signature(**{**_values(row), "signer_id": other.pk}), stated=said)


def test_statement_signed_by_the_server_and_a_key_that_nobody_enrolled_is_not_genuine(account: User) -> None:
    """What somebody with the server's key alone could make."""
    row, said = _signed_once(account)
    made = signatures.sign(row.statement, Ed25519PrivateKey.generate())
    assert not signing.genuine(Signature(**{**_values(row), **dataclasses.asdict(made)}), stated=said)


def test_statement_signed_by_the_person_alone_is_not_genuine(account: User) -> None:
    """What somebody with the person's key alone could make."""
    row, said = _signed_once(account)
    other = Ed25519PrivateKey.generate()
    forged = {"public_key": signatures.public_hex(other), "signature": "00" * 64}
    assert not signing.genuine(Signature(**{**_values(row), **forged}), stated=said)


@pytest.mark.parametrize("column", ["public_key", "signature", "personal_key", "personal_signature"])
@pytest.mark.parametrize("value", ["", "00", "zz" * 32])
def test_signature_that_is_none_is_not_genuine(account: User, column: str, value: str) -> None:
    row, said = _signed_once(account)
    assert not signing.genuine(Signature(**{**_values(row), column: value}), stated=said)


@pytest.mark.parametrize("name", ["signer", "verdict", "promotion", "record_digest", "factors"])
def test_statement_that_would_say_something_twice_is_not_made(account: User, name: str) -> None:
    with pytest.raises(ValueError, match="already says"):
        signed(account, stated(more={name: "person:1"}))


def test_subject_named_as_a_member_of_every_statement_is_not_made(account: User) -> None:
    with pytest.raises(ValueError, match="already says"):
        signed(account, stated(subject="signer"))


# Who signs, and until when
@pytest.mark.parametrize("change", ["deactivated", "reset", "admin"])
def test_person_who_may_not_sign_any_more_is_stopped_in_the_lock(account: User, change: str) -> None:
    signer, admin = proven(account), factories.person(Role.PLATFORM_ADMIN)
    if change == "deactivated":
        people.deactivate(account, actor=acting(admin))
    elif change == "reset":
        factor_resets.ask(account, actor=acting(admin), reason="Lost.")
        factor_resets.agree(account, actor=acting(factories.person(Role.RISK_OFFICER)), reason="Seen.")
    else:
        people.revoke(account.grants.get(), actor=acting(admin))
        people.grant(account, Role.PLATFORM_ADMIN, actor=factories.bootstrap())
    with pytest.raises(RegistryError), transaction.atomic():
        signing.columns(signer, stated())


def test_printed_name_is_that_of_the_moment_of_signing(account: User) -> None:
    signer = proven(account)
    User.objects.filter(pk=account.pk).update(full_name="Ada King")
    with transaction.atomic():
        assert signing.columns(signer, stated())["printed_name"] == "Ada King"


@pytest.mark.django_db
def test_service_platform_admin_and_system_never_sign() -> None:
    service = factories.person(Role.ENGINEER, kind=User.Kind.SERVICE)
    actors = [acting(service), acting(factories.person(Role.PLATFORM_ADMIN)), system("worker"), Actor(id="person:1")]
    for actor in actors:
        with pytest.raises(NotPermitted):
            signing.prove(actor, Credentials(password=factories.PASSWORD, code="000000"))


def test_credentials_and_signers_keep_their_secrets_out_of_texts(account: User) -> None:
    given = factories.credentials(account)
    assert given.password not in repr(given)
    assert "key=" not in repr(proven(account))


def test_signature_stays_genuine_after_its_key_was_replaced_and_its_signer_left(account: User) -> None:
    row, said = _signed_once(account)
    people.deactivate(account, actor=acting(factories.person(Role.PLATFORM_ADMIN)))
    assert signing.genuine(row, stated=said)


def test_signature_dated_after_its_key_was_retired_is_not_genuine(account: User) -> None:
    row, said = _signed_once(account)
    factor = SigningFactor.objects.get(account=account)
    for confirmed, retired, holds in ((-10, 10, True), (-10, -5, False), (5, None, False)):
        moment = {"confirmed_at": row.signed_at + timedelta(seconds=confirmed)}
        moment["retired_at"] = row.signed_at + timedelta(seconds=retired) if retired else None  # type: ignore[assignment]
        SigningFactor.objects.filter(pk=factor.pk).update(**moment)
        assert signing.genuine(row, stated=said) is holds


def test_code_sent_many_times_at_once_signs_once(live_database: str) -> None:
    account = factories.person(Role.VALIDATOR)
    credentials, ready = factories.credentials(account), Barrier(8)

    def prove(_: int) -> bool:
        try:
            ready.wait()
            signing.prove(acting(account), credentials)
        except SignatureRejected:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(prove, range(8))) == [False] * 7 + [True]
    (factor,) = SigningFactor.objects.filter(account=account)
    assert recorded.names(factor).count("signing_factor.code_refused") == 7


def _signed_once(account: User) -> tuple[Signed, Stated]:
    """One signature of the account, made anew only where the account has none yet: a hash of a password is slow."""
    if account.pk not in _made:
        said = stated()
        _made[account.pk] = (signed(account, said), said)
    return _made[account.pk]


_made: dict[Any, tuple[Signed, Stated]] = {}


def _values(row: Signed) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in Signed._meta.get_fields() if field.concrete}


def _fields(said: Stated) -> dict[str, Any]:
    return {field.name: getattr(said, field.name) for field in dataclasses.fields(said)}
