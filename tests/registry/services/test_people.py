"""Accounts, roles and tokens."""

from typing import Any

import pytest
from django.contrib.auth.hashers import is_password_usable
from django.db import connection
from knox.auth import TokenAuthentication
from knox.models import AuthToken

from audit import rows
from registry import permissions
from registry.errors import AlreadyExists, Conflict, DutyConflict, Invalid, NotPermitted
from registry.models import AISystem, Grant, User
from registry.roles import ROLES_FOR, SIGNING, WEIGHTY, Action, Role
from registry.services import people, systems
from tests import factories, recorded

pytestmark = pytest.mark.django_db


def test_create_records_the_account_and_only_commits_to_its_name() -> None:
    account = people.create("ada", full_name="Ada Lovelace", actor=factories.bootstrap(), password="a long password")
    told = recorded.newest(account)
    assert (told["event"], told["data"], told["actor"]) == ("account.created", {"kind": "person"}, "system:bootstrap")
    assert recorded.changes(account)["username"] == {"new": "ada"}
    assert "password" not in recorded.changes(account)
    assert told["row"] == rows.digest(recorded.fresh(account))
    assert account.check_password("a long password")


def test_create_without_a_password_makes_an_account_that_only_uses_tokens() -> None:
    service = people.create("ci", full_name="CI", actor=factories.bootstrap(), kind=User.Kind.SERVICE)
    assert (is_password_usable(service.password), service.is_staff) == (False, False)


def test_create_with_a_taken_name_is_refused() -> None:
    taken = factories.person().username
    with pytest.raises(AlreadyExists, match=f"The user name '{taken}' is taken."):
        people.create(taken, full_name="Another", actor=factories.bootstrap())


def test_create_by_somebody_who_is_no_platform_admin_is_refused() -> None:
    engineer = factories.person(Role.ENGINEER)
    with pytest.raises(NotPermitted):
        people.create("mallory", full_name="Mallory", actor=factories.acting(engineer))
    assert not User.objects.filter(username="mallory").exists()


def test_grant_gives_the_role_and_records_both_rows() -> None:
    admin, account = factories.person(Role.PLATFORM_ADMIN), factories.person()
    system = factories.system()
    given = people.grant(account, Role.ENGINEER, system=system, actor=factories.acting(admin))
    told = recorded.newest(account)
    assert (told["event"], told["data"]) == (
        "account.role_granted",
        {"role": "engineer", "system": str(system.pk)},
    )
    assert told["rows"] == {rows.label(given): rows.digest(recorded.fresh(given))}
    assert permissions.roles(account, system) == {Role.ENGINEER}
    assert permissions.roles(account) == frozenset()


def test_grant_of_a_role_that_is_held_is_refused() -> None:
    account = factories.person(Role.ENGINEER)
    with pytest.raises(Conflict):
        people.grant(account, Role.ENGINEER, actor=factories.bootstrap())
    assert account.grants.count() == 1


def test_grant_to_oneself_is_refused() -> None:
    admin = factories.person(Role.PLATFORM_ADMIN)
    with pytest.raises(DutyConflict, match=r"Nobody grants a role to themselves."):
        people.grant(admin, Role.ENGINEER, actor=factories.acting(admin))


@pytest.mark.parametrize("role", sorted(SIGNING))
def test_grant_of_a_signing_role_to_a_service_account_is_refused(role: Role) -> None:
    service = factories.person(kind=User.Kind.SERVICE)
    with pytest.raises(DutyConflict, match=r"A service account never signs."):
        people.grant(service, role, actor=factories.bootstrap())
    assert not Grant.objects.filter(account=service).exists()


@pytest.mark.parametrize(("first", "second"), [(Role.PLATFORM_ADMIN, Role.VALIDATOR), (Role.DPO, Role.PLATFORM_ADMIN)])
def test_grant_of_signing_and_administration_to_one_person_is_refused(first: Role, second: Role) -> None:
    account = factories.person(first)
    with pytest.raises(DutyConflict, match=r"A platform admin never signs."):
        people.grant(account, second, actor=factories.bootstrap())
    assert permissions.roles(account) == {first}


def test_grant_by_a_superuser_without_a_role_is_refused() -> None:
    root, account = factories.person(), factories.person()
    root.is_superuser = True
    with pytest.raises(NotPermitted):
        people.grant(account, Role.ENGINEER, actor=factories.acting(root))


def test_superuser_flag_allows_nothing_and_shows_nothing() -> None:
    root = factories.person()
    root.is_superuser = True
    factories.system()
    assert [action for action in Action if permissions.allows(root, action)] == []
    assert list(permissions.visible_systems(root)) == []


def test_system_role_counts_for_that_system_only() -> None:
    mine, other = factories.system(), factories.system()
    reader = factories.person(Role.AUDITOR, system=mine)
    assert list(permissions.visible_systems(reader)) == [mine]
    with pytest.raises(NotPermitted):
        systems.create_slot(other, name="a", actor=factories.acting(factories.person(Role.ENGINEER, system=mine)))


def test_inactive_account_is_allowed_nothing() -> None:
    engineer = factories.person(Role.ENGINEER)
    engineer.is_active = False
    assert not permissions.allows(engineer, Action.REGISTER)
    assert list(permissions.visible_systems(engineer)) == list(AISystem.objects.none())


def test_issue_token_gives_a_secret_that_signs_in_and_keeps_only_its_hash() -> None:
    account = factories.person()
    token, secret = people.issue_token(account, actor=factories.acting(account), days=7)
    told = recorded.newest(account)
    assert (told["event"], told["data"]["token"]) == ("account.token_issued", token.token_key)
    assert secret not in (token.digest, token.token_key)
    assert TokenAuthentication().authenticate_credentials(secret.encode()) == (account, token)


def test_issue_token_for_somebody_else_is_refused() -> None:
    account = factories.person()
    with pytest.raises(NotPermitted):
        people.issue_token(account, actor=factories.acting(factories.person(Role.PLATFORM_ADMIN)), days=7)
    assert not AuthToken.objects.filter(user=account).exists()


def test_service_token_from_an_admin_is_on_record() -> None:
    admin = factories.person(Role.PLATFORM_ADMIN)
    service = factories.person(kind=User.Kind.SERVICE)
    token, secret = people.issue_service_token(service, actor=factories.acting(admin), days=1)
    assert (token.user, len(secret) > 40) == (service, True)
    assert recorded.newest(service)["event"] == "account.token_issued"


def test_service_token_for_a_person_is_refused() -> None:
    admin = factories.person(Role.PLATFORM_ADMIN)
    with pytest.raises(Invalid, match="Only a person signs in"):
        people.issue_service_token(factories.person(), actor=factories.acting(admin), days=1)


def test_service_token_from_anybody_else_is_refused() -> None:
    service = factories.person(kind=User.Kind.SERVICE)
    with pytest.raises(NotPermitted):
        people.issue_service_token(service, actor=factories.acting(factories.person(Role.OPERATOR)), days=1)


def test_revoke_ends_the_role_and_records_both_rows() -> None:
    admin, account = factories.person(Role.PLATFORM_ADMIN), factories.person(Role.VALIDATOR)
    ended = people.revoke(account.grants.get(), actor=factories.acting(admin))
    told = recorded.newest(account)
    assert (told["event"], told["data"]) == ("account.role_revoked", {"role": "validator", "system": None})
    assert told["rows"] == {rows.label(ended): rows.digest(recorded.fresh(ended))}
    assert (permissions.roles(account), ended.revoked_at is None) == (frozenset(), False)


def test_revoke_of_a_role_that_ended_is_a_conflict() -> None:
    admin, account = factories.person(Role.PLATFORM_ADMIN), factories.person(Role.VALIDATOR)
    ended = people.revoke(account.grants.get(), actor=factories.acting(admin))
    with pytest.raises(Conflict):
        people.revoke(ended, actor=factories.acting(admin))


def test_revoke_of_ones_own_role_is_refused() -> None:
    admin = factories.person(Role.PLATFORM_ADMIN)
    with pytest.raises(DutyConflict):
        people.revoke(admin.grants.get(), actor=factories.acting(admin))
    assert permissions.roles(admin) == {Role.PLATFORM_ADMIN}


def test_revoke_and_deactivate_by_anybody_else_are_refused() -> None:
    owner, account = factories.person(Role.OWNER), factories.person(Role.VALIDATOR)
    for act in (
        lambda: people.revoke(account.grants.get(), actor=factories.acting(owner)),
        lambda: people.deactivate(account, actor=factories.acting(owner)),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert (permissions.roles(account), recorded.fresh(account).is_active) == (frozenset({Role.VALIDATOR}), True)


def test_deactivate_ends_tokens_and_is_on_record() -> None:
    admin, account = factories.person(Role.PLATFORM_ADMIN), factories.person(Role.VALIDATOR)
    factories.token(account)
    closed = people.deactivate(account, actor=factories.acting(admin))
    told = recorded.newest(account)
    assert (told["event"], told["data"]) == ("account.deactivated", {"tokens_revoked": 1})
    assert told["row"] == rows.digest(recorded.fresh(account))
    assert (closed.is_active, AuthToken.objects.filter(user=account).count()) == (False, 0)


def test_deactivate_oneself_is_refused() -> None:
    admin = factories.person(Role.PLATFORM_ADMIN)
    with pytest.raises(DutyConflict):
        people.deactivate(admin, actor=factories.acting(admin))


def test_change_password_ends_tokens_and_is_on_record() -> None:
    account = factories.person()
    factories.token(account)
    new = "another horse battery"
    people.change_password(account, old=factories.PASSWORD, new=new, actor=factories.acting(account))
    told = recorded.newest(account)
    assert (told["event"], told["data"]) == ("account.password_changed", {"tokens_revoked": 1})
    assert told["row"] == rows.digest(recorded.fresh(account))
    assert recorded.fresh(account).check_password(new)


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [("wrong", "another horse battery", "/old"), (factories.PASSWORD, "short", "/new")],
)
def test_change_password_that_is_wrong_or_weak_changes_nothing(old: str, new: str, pointer: str) -> None:
    account = factories.person()
    with pytest.raises(Invalid) as refused:
        people.change_password(account, old=old, new=new, actor=factories.acting(account))
    assert {problem.pointer for problem in refused.value.problems} == {pointer}
    assert recorded.fresh(account).check_password(factories.PASSWORD)


def test_change_password_of_somebody_else_is_refused() -> None:
    account, admin = factories.person(), factories.person(Role.PLATFORM_ADMIN)
    with pytest.raises(NotPermitted):
        people.change_password(
            account, old=factories.PASSWORD, new="another horse battery", actor=factories.acting(admin)
        )
    assert recorded.fresh(account).check_password(factories.PASSWORD)


def test_check_password_under_an_old_hash_is_right_and_saves_nothing(settings: Any) -> None:
    account = factories.person()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    before = recorded.fresh(account).password
    assert account.check_password(factories.PASSWORD)
    assert recorded.fresh(account).password == before
    connection.check_constraints()


def test_superuser_flag_gives_no_permission_of_djangos_either() -> None:
    root = factories.person()
    root.is_superuser = True
    assert (root.has_perm("registry.view_slot"), root.has_module_perms("registry")) == (False, False)
    assert (root.has_perms(["registry.change_user"]), root.get_all_permissions()) == (False, set())


# Roles that one person alone cannot give
def test_grant_of_a_signing_role_waits_and_does_not_count() -> None:
    account = factories.person()
    given = people.grant(account, Role.VALIDATOR, actor=factories.acting(factories.person(Role.PLATFORM_ADMIN)))
    assert (given.pending, permissions.roles(account)) == (True, frozenset())
    assert recorded.newest(account)["event"] == "account.grant_proposed"


@pytest.mark.parametrize("action", [Action.DECIDE, Action.OPERATE, Action.SUSPEND, Action.BREAK_GLASS])
def test_every_role_that_decides_what_serves_takes_two_people(action: Action) -> None:
    admin = factories.acting(factories.person(Role.PLATFORM_ADMIN))
    for role in ROLES_FOR[action]:
        given = people.grant(factories.person(), role, actor=admin)
        assert (role, given.pending) == (role, True)


@pytest.mark.parametrize("second", [Role.PLATFORM_ADMIN, Role.RISK_OFFICER])
@pytest.mark.parametrize("role", sorted(WEIGHTY))
def test_grant_confirmed_by_a_second_person_counts(role: Role, second: Role) -> None:
    account, by = factories.person(), factories.person(second)
    given = people.grant(account, role, actor=factories.acting(factories.person(Role.PLATFORM_ADMIN)))
    confirmed = people.confirm_grant(given, actor=factories.acting(by))
    assert (confirmed.pending, confirmed.confirmed_by, permissions.roles(account)) == (False, by, {role})
    told = recorded.newest(account)
    assert (told["event"], told["data"], told["actor"]) == (
        "account.grant_confirmed", {"role": role, "system": None}, f"person:{by.pk}"
    )  # fmt: skip


def test_grant_is_not_confirmed_by_who_gave_it_or_gets_it() -> None:
    admin, officer = factories.person(Role.PLATFORM_ADMIN), factories.person(Role.RISK_OFFICER)
    given = people.grant(officer, Role.VALIDATOR, actor=factories.acting(admin))
    for account in (admin, officer):
        with pytest.raises(DutyConflict):
            people.confirm_grant(given, actor=factories.acting(account))
    assert permissions.roles(officer) == {Role.RISK_OFFICER}


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.PLATFORM_ADMIN, Role.RISK_OFFICER}))
def test_grant_is_not_confirmed_by_other_roles(role: Role) -> None:
    given = people.grant(
        factories.person(), Role.VALIDATOR, actor=factories.acting(factories.person(Role.PLATFORM_ADMIN))
    )
    with pytest.raises(NotPermitted):
        people.confirm_grant(given, actor=factories.acting(factories.person(role)))


def test_grant_confirmed_or_revoked_is_not_confirmed_again() -> None:
    admin, second = (factories.acting(factories.person(Role.PLATFORM_ADMIN)) for _ in range(2))
    one, other = (people.grant(factories.person(), Role.DPO, actor=admin) for _ in range(2))
    people.confirm_grant(one, actor=second)
    people.revoke(other, actor=admin)
    for given in (one, other):
        with pytest.raises(Conflict, match="does not wait"):
            people.confirm_grant(given, actor=second)


def test_grant_of_two_roles_that_do_not_go_together_is_refused_while_one_waits() -> None:
    admin, account = factories.acting(factories.person(Role.PLATFORM_ADMIN)), factories.person()
    people.grant(account, Role.VALIDATOR, actor=admin)
    with pytest.raises(DutyConflict):
        people.grant(account, Role.PLATFORM_ADMIN, actor=admin)


def test_grant_by_a_part_of_the_system_needs_no_second_person() -> None:
    account = factories.person(Role.VALIDATOR)
    assert (account.grants.get().pending, permissions.roles(account)) == (False, {Role.VALIDATOR})
    assert recorded.newest(account)["actor"] == "system:bootstrap"


def test_name_is_kept_in_its_one_spelling() -> None:
    people.create(" Ａda ", full_name="Ada Lovelace", actor=factories.bootstrap())
    with pytest.raises(AlreadyExists):
        people.create("ADA", full_name="Another", actor=factories.bootstrap())
    assert User.objects.filter(username="ada").count() == 1
