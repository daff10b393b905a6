"""Signing factors: enrolled, confirmed, replaced, guessed at, reset and closed."""

import time
from base64 import b32decode

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from audit.sealed import datakeys
from registry import authentication, signatures
from registry.errors import Conflict, DutyConflict, NotPermitted, SignatureRejected
from registry.models import SigningFactor, User
from registry.roles import Role
from registry.services import codes, factor_resets, factors, people, personal_keys, privacy, signing
from registry.services.factors import Enrolment
from registry.services.signing import Credentials
from tests import factories, recorded
from tests.factories import PASSWORD, acting

pytestmark = pytest.mark.django_db
NEW = "another horse battery"


@pytest.fixture(autouse=True)
def nobody_guessed_yet() -> None:
    cache.clear()


@pytest.fixture
def account() -> User:
    return factories.person(Role.VALIDATOR)


def code_of(secret: str, *, steps: int = 0) -> str:
    """The code of this half minute, or of one some steps away."""
    moment = int(time.time()) + steps * codes.STEP_SECONDS
    return TOTP(b32decode(secret), codes.DIGITS, SHA1(), codes.STEP_SECONDS).generate(moment).decode()


def wrong(secret: str) -> str:
    """A code that is right at no time near now."""
    near = {code_of(secret, steps=steps) for steps in range(-3, 4)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def enrolled(account: User, *, code: str = "") -> Enrolment:
    return factors.enrol(account, password=PASSWORD, code=code, actor=acting(account))


def confirmed(account: User) -> Enrolment:
    """A factor whose code of this half minute is not spent: it was confirmed with the one before."""
    made = enrolled(account)
    factors.confirm(made.factor, password=PASSWORD, code=code_of(made.secret, steps=-1), actor=acting(account))
    return made


def prove(account: User, code: str, password: str = PASSWORD) -> signing.Signer:
    return signing.prove(acting(account), Credentials(password=password, code=code))


def state(account: User) -> list[str]:
    return list(SigningFactor.objects.filter(account=account).order_by("id").values_list("state", flat=True))


def test_factor_confirmed_by_its_first_code_signs_and_has_a_history_of_its_own(account: User) -> None:
    made = confirmed(account)
    signer = prove(account, code_of(made.secret))
    assert signatures.public_hex(signer.key) == made.factor.public_key
    told = [(one["event"], one["actor"], one["data"]) for one in reversed(recorded.entries(made.factor))]
    who = f"person:{account.pk}"
    data = {"account": who, "public_key": made.factor.public_key}
    assert told == [("signing_factor.enrolled", who, data), ("signing_factor.confirmed", who, data)]


def test_factor_keeps_neither_secret_nor_key_in_the_log(account: User) -> None:
    made = confirmed(account)
    assert {"wrapped_key", "totp_secret"}.isdisjoint(recorded.changes(made.factor, first=True))


def test_uri_is_what_authenticators_read(account: User) -> None:
    made = enrolled(account)
    issuer = settings.LOG_ORIGIN.replace("/", "%2F")
    assert made.uri == (
        f"otpauth://totp/{issuer}:{account.username}?secret={made.secret}&issuer={issuer}&digits=6&period=30"
    )


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_of_the_half_minute_before_and_after_is_accepted(account: User, steps: int) -> None:
    made = enrolled(account)
    factors.confirm(made.factor, password=PASSWORD, code=code_of(made.secret, steps=steps), actor=acting(account))
    assert state(account) == ["active"]


@pytest.mark.parametrize("steps", [-3, 3])
def test_code_of_another_time_is_refused_and_on_record(account: User, steps: int) -> None:
    made = enrolled(account)
    with pytest.raises(SignatureRejected):
        factors.confirm(made.factor, password=PASSWORD, code=code_of(made.secret, steps=steps), actor=acting(account))
    told = recorded.newest(made.factor)
    assert (told["event"], told["data"]) == ("signing_factor.code_refused", {"tried": 1, "locked": False})
    assert state(account) == ["pending"]


def test_code_works_once_and_an_older_one_not_after_it(account: User) -> None:
    made = confirmed(account)
    prove(account, code_of(made.secret))
    for steps in (0, -1):
        with pytest.raises(SignatureRejected, match="used already"):
            prove(account, code_of(made.secret, steps=steps))


@pytest.mark.parametrize("code", ["", "abc", "12345", "1234567", "१२३४५६", "\x00"])
def test_code_that_is_none_is_refused(account: User, code: str) -> None:
    confirmed(account)
    with pytest.raises(SignatureRejected, match="not right"):
        prove(account, code)


def test_code_with_a_blank_in_the_middle_is_read(account: User) -> None:
    made = confirmed(account)
    code = code_of(made.secret)
    assert prove(account, f"{code[:3]} {code[3:]}").account == account


def test_wrong_codes_are_ten_in_a_window_and_thirty_in_a_row(account: User) -> None:
    made = confirmed(account)
    problems = []
    for _ in range(4):
        for _ in range(11):
            with pytest.raises(SignatureRejected) as refused:
                prove(account, wrong(made.secret))
            problems.append(refused.value.detail)
        cache.clear()  # ten minutes later
    assert [("wait ten minutes" in one, "locked" in one) for one in problems[9:12]] == [
        (False, False), (True, False), (False, False)
    ]  # fmt: skip
    with pytest.raises(SignatureRejected, match="30 wrong codes in a row"):
        prove(account, code_of(made.secret))
    assert recorded.newest(made.factor)["data"] == {"tried": 30, "locked": True}


def test_wrong_codes_of_one_person_lock_nobody_else(account: User) -> None:
    confirmed(account)
    for _ in range(11):
        with pytest.raises(SignatureRejected):
            prove(account, "0")
    other = factories.person(Role.VALIDATOR)
    assert prove(other, code_of(confirmed(other).secret)).account == other


def test_wrong_passwords_touch_no_code_and_wrong_names_no_counter_of_codes(account: User) -> None:
    made = confirmed(account)
    for _ in range(12):
        authentication.is_right(User(username=f"{account.username}|code"), "wrong")
    with pytest.raises(SignatureRejected, match="password is not right"):
        prove(account, code_of(made.secret), password="wrong")
    assert prove(account, code_of(made.secret)).account == account


def test_right_code_ends_the_count(account: User) -> None:
    made = confirmed(account)
    with pytest.raises(SignatureRejected):
        prove(account, wrong(made.secret))
    prove(account, code_of(made.secret))
    assert recorded.fresh(made.factor).wrong_codes == 0


def test_signing_without_a_factor_says_how_to_get_one(account: User) -> None:
    with pytest.raises(SignatureRejected, match="no signing factor yet") as refused:
        prove(account, "123456")
    assert "POST /api/v1/me/factor" in refused.value.remedy


def test_pending_factor_does_not_sign(account: User) -> None:
    made = enrolled(account)
    with pytest.raises(SignatureRejected, match="no signing factor yet"):
        prove(account, code_of(made.secret))


def test_second_enrolment_retires_the_one_that_waits_so_that_no_planted_one_is_confirmed_later(account: User) -> None:
    planted, own = enrolled(account), enrolled(account)
    factors.confirm(own.factor, password=PASSWORD, code=code_of(own.secret), actor=acting(account))
    planted.factor.refresh_from_db()
    with pytest.raises(Conflict, match="retired already"):
        factors.confirm(planted.factor, password=PASSWORD, code=code_of(planted.secret), actor=acting(account))
    assert state(account) == ["retired", "active"]


@pytest.mark.parametrize("code", ["", "wrong"])
def test_active_factor_is_not_replaced_by_the_password_alone(account: User, code: str) -> None:
    made = confirmed(account)
    with pytest.raises(SignatureRejected):
        enrolled(account, code=code and wrong(made.secret))
    assert state(account) == ["active"]


def test_active_factor_is_replaced_with_a_code_of_it(account: User) -> None:
    old = confirmed(account)
    new = enrolled(account, code=code_of(old.secret))
    factors.confirm(new.factor, password=PASSWORD, code=code_of(new.secret), actor=acting(account))
    assert state(account) == ["retired", "active"]
    told = recorded.newest(old.factor)
    assert (told["event"], told["data"]["cause"]) == ("signing_factor.retired", "replaced")


def test_factor_that_waited_too_long_is_not_confirmed(account: User) -> None:
    made = enrolled(account)
    made.factor.created_at = timezone.now() - factors.CONFIRM_WITHIN
    with pytest.raises(Conflict, match="waited too long"):
        factors.confirm(made.factor, password=PASSWORD, code=code_of(made.secret), actor=acting(account))


def test_factor_of_somebody_else_is_neither_enrolled_nor_confirmed(account: User) -> None:
    other, made = factories.person(), enrolled(account)
    with pytest.raises(NotPermitted):
        factors.enrol(account, password=PASSWORD, actor=acting(other))
    with pytest.raises(NotPermitted):
        factors.confirm(made.factor, password=PASSWORD, code=code_of(made.secret), actor=acting(other))


@pytest.mark.parametrize(
    ("role", "kind"), [(Role.PLATFORM_ADMIN, User.Kind.PERSON), (Role.ENGINEER, User.Kind.SERVICE)]
)
def test_platform_admins_and_services_enrol_nothing(role: Role, kind: str) -> None:
    with pytest.raises(NotPermitted):
        enrolled(factories.person(role, kind=kind))
    assert not SigningFactor.objects.exists()


def test_wrong_password_enrols_nothing(account: User) -> None:
    with pytest.raises(SignatureRejected):
        factors.enrol(account, password="wrong", actor=acting(account))
    assert state(account) == []


# Accounts that a person made
def handed_over() -> User:
    """A person whose account a platform admin made, who therefore knows its password."""
    admin = acting(factories.person(Role.PLATFORM_ADMIN))
    return people.create(factories.name("person"), full_name="Vera Vogt", password=PASSWORD, actor=admin)


def test_password_that_another_set_enrols_nothing() -> None:
    account = handed_over()
    with pytest.raises(NotPermitted, match="knows your password") as refused:
        enrolled(account)
    assert refused.value.remedy == "Change it first: POST /api/v1/me/password, or the page 'Change password'."
    assert state(account) == []


def test_password_of_ones_own_enrols_a_factor() -> None:
    account = handed_over()
    people.change_password(account, old=PASSWORD, new=NEW, actor=acting(account))
    made = factors.enrol(account, password=NEW, actor=acting(recorded.fresh(account)))
    assert made.factor.state == "pending"


# Passwords
def test_changed_password_opens_the_same_key(account: User) -> None:
    made = confirmed(account)
    people.change_password(account, old=PASSWORD, new=NEW, actor=acting(account))
    assert signatures.public_hex(prove(account, code_of(made.secret), NEW).key) == made.factor.public_key
    assert recorded.names(made.factor)[-1] == "signing_factor.rewrapped"


def test_password_set_by_somebody_else_does_not_open_the_key_and_enrols_a_new_one(account: User) -> None:
    made = confirmed(account)
    set_behind_the_back(account, NEW)
    with pytest.raises(SignatureRejected, match="does not open with this password"):
        prove(account, code_of(made.secret), NEW)
    new = factors.enrol(account, password=NEW, code=code_of(made.secret, steps=1), actor=acting(account))
    factors.confirm(new.factor, password=NEW, code=code_of(new.secret, steps=-1), actor=acting(account))
    assert signatures.public_hex(prove(account, code_of(new.secret), NEW).key) == new.factor.public_key


def test_password_of_a_key_that_does_not_open_can_still_be_changed(account: User) -> None:
    made = confirmed(account)
    set_behind_the_back(account, NEW)
    people.change_password(account, old=NEW, new="a third horse battery", actor=acting(account))
    assert "signing_factor.rewrapped" not in recorded.names(made.factor)


def test_key_opens_after_the_cost_of_guessing_was_raised(account: User) -> None:
    made = confirmed(account)
    with override_settings(SIGNING_SCRYPT_COST=2**12):
        assert prove(account, code_of(made.secret)).account == account


def test_key_put_in_place_of_another_does_not_open(account: User) -> None:
    old = confirmed(account)
    new = enrolled(account, code=code_of(old.secret))
    old.factor.wrapped_key = new.factor.wrapped_key
    with pytest.raises(personal_keys.DoesNotOpen, match="not the key that was enrolled"):
        personal_keys.unwrap(old.factor, PASSWORD)


def test_key_of_another_person_does_not_open_with_the_same_password(account: User) -> None:
    mine, theirs = confirmed(account), confirmed(factories.person())
    mine.factor.wrapped_key = theirs.factor.wrapped_key
    with pytest.raises(personal_keys.DoesNotOpen):
        personal_keys.unwrap(mine.factor, PASSWORD)


# The end of a factor
def test_reset_by_two_lets_the_owner_enrol_with_the_password_alone(account: User) -> None:
    made = confirmed(account)
    admin, officer = factories.person(Role.PLATFORM_ADMIN), factories.person(Role.RISK_OFFICER)
    factor_resets.ask(account, actor=acting(admin), reason="She lost her phone.")
    factor_resets.agree(account, actor=acting(officer), reason="I spoke to her.")
    assert (state(account), recorded.names(made.factor)[2:]) == (
        ["retired"],
        ["signing_factor.reset_asked", "signing_factor.retired"],
    )
    assert enrolled(account).factor.state == "pending"


def test_reset_retires_what_waits_as_well(account: User) -> None:
    made = confirmed(account)
    enrolled(account, code=code_of(made.secret))
    factor_resets.ask(account, actor=acting(factories.person(Role.PLATFORM_ADMIN)), reason="Lost.")
    factor_resets.agree(account, actor=acting(factories.person(Role.PLATFORM_ADMIN)), reason="Seen.")
    assert state(account) == ["retired", "retired"]


def test_reset_by_one_alone_is_refused(account: User) -> None:
    confirmed(account)
    admin = factories.person(Role.PLATFORM_ADMIN)
    factor_resets.ask(account, actor=acting(admin), reason="Lost.")
    with pytest.raises(DutyConflict):
        factor_resets.agree(account, actor=acting(admin), reason="Lost.")
    assert state(account) == ["active"]


def test_reset_of_ones_own_is_refused() -> None:
    officer = factories.person(Role.RISK_OFFICER)
    confirmed(officer)
    factor_resets.ask(officer, actor=acting(factories.person(Role.PLATFORM_ADMIN)), reason="Lost.")
    with pytest.raises(DutyConflict):
        factor_resets.agree(officer, actor=acting(officer), reason="Lost.")
    assert state(officer) == ["active"]


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.COMPLIANCE_REVIEWER, Role.RISK_OFFICER])
def test_reset_is_asked_for_by_platform_admins_alone(account: User, role: Role) -> None:
    confirmed(account)
    with pytest.raises(NotPermitted):
        factor_resets.ask(account, actor=acting(factories.person(role)), reason="Lost.")


def test_reset_nobody_asked_for_since_yesterday_is_not_agreed_to(account: User) -> None:
    made = confirmed(account)
    officer = acting(factories.person(Role.RISK_OFFICER))
    with pytest.raises(Conflict, match="Nobody has asked"):
        factor_resets.agree(account, actor=officer, reason="Lost.")
    factor_resets.ask(account, actor=acting(factories.person(Role.PLATFORM_ADMIN)), reason="Lost.")
    SigningFactor.objects.filter(pk=made.factor.pk).update(
        reset_asked_at=F("reset_asked_at") - factor_resets.AGREE_WITHIN
    )
    with pytest.raises(Conflict, match="Nobody has asked"):
        factor_resets.agree(account, actor=officer, reason="Lost.")


def test_closed_account_loses_its_factor(account: User) -> None:
    made = confirmed(account)
    people.deactivate(account, actor=acting(factories.person(Role.PLATFORM_ADMIN)))
    told = recorded.newest(made.factor)
    assert (state(account), told["event"], told["data"]["cause"]) == (
        ["retired"], "signing_factor.retired", "deactivated"
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        prove(account, code_of(made.secret))


def test_swapped_row_without_an_event_is_refused_by_the_database(account: User) -> None:
    made = confirmed(account)
    connection.check_constraints()
    recorded.sequence()
    refusal = recorded.refusal_of(lambda: SigningFactor.objects.filter(pk=made.factor.pk).update(public_key="0" * 64))
    assert f"signing_factor {made.factor.pk} has no event" in refusal


def set_behind_the_back(account: User, password: str) -> None:
    account.set_password(password)
    User.objects.filter(pk=account.pk).update(password=account.password)


def test_erased_person_signs_nothing_more_and_what_they_signed_verifies(account: User) -> None:
    made = confirmed(account)
    stated = signing.Stated("review", "review", account.pk, "ab" * 32, "continue", "validator", "review", "It holds.")
    signer = prove(account, code_of(made.secret))
    with transaction.atomic():
        signed = signing.signature(signer, stated)
    recorded.sequence()
    asked = privacy.erase_person(account, ground="GDPR Art. 17(1)(b)", actor=acting(factories.person(Role.DPO)))
    recorded.sequence()
    privacy.approve(asked, actor=acting(factories.person(Role.DPO)), reason="Asked for and due.")
    told = recorded.newest(made.factor)
    assert (told["event"], told["data"]["cause"]) == ("signing_factor.retired", "erased")
    datakeys.forget(f"person:{account.pk}")
    with pytest.raises(personal_keys.DoesNotOpen, match="data key is gone"):
        personal_keys.unwrap(made.factor, PASSWORD)
    with pytest.raises(NotPermitted):
        prove(account, code_of(made.secret, steps=1))
    assert signing.genuine(signed, stated=stated)
