"""Who is told of events: made, changed, paused, ended."""

from typing import Any

import pytest
from django.db import connection

from audit import rows
from audit.models import Leaf
from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, RevisionMismatch
from registry.models import Subscription, User
from registry.roles import Role
from registry.services.subscriptions import subscribing, vault
from tests import factories, recorded
from tests.factories import acting
from tests.receivers import Receiver
from tests.registry.services.subscriptions import make

pytestmark = pytest.mark.django_db


def subscribe(target: str, operator: User, **options: Any) -> subscribing.Keyed:
    given = {"kind": "webhook", "patterns": ["*"], "actor": acting(operator), **options}
    return subscribing.subscribe("ticketing", target=target, **given)


def test_subscribe_begins_at_the_newest_signed_head(receiver: Receiver, operator: User) -> None:
    recorded.sequence()
    made = subscribe(receiver.url, operator, patterns=["system.*", "slot.assigned"])
    subscription, told = recorded.fresh(made.subscription), recorded.newest(made.subscription)
    assert (subscription.state, subscription.events, subscription.created_by) == (
        "active",
        ["slot.assigned", "system.*"],
        operator,
    )
    assert subscription.position == Leaf.objects.count()
    assert (told["event"], told["data"], told["row"]) == (
        "subscription.created",
        {
            "kind": "webhook",
            "target": f"http://127.0.0.1:{receiver.port}/…",
            "events": ["slot.assigned", "system.*"],
        },
        rows.digest(subscription),
    )


def test_target_and_secret_stand_nowhere_in_the_clear(receiver: Receiver, operator: User) -> None:
    target = f"{receiver.url}&key=not-in-the-clear"
    made = subscribe(target, operator)
    assert (vault.target(made.subscription), vault.keys(made.subscription)) == (target, [made.secret])
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(s)::text FROM registry_subscription s")
        everything = "".join(text for (text,) in cursor.fetchall()) + str(recorded.entries(made.subscription))
    assert [word for word in ("not-in-the-clear", made.secret.removeprefix("whsec_")) if word in everything] == []
    assert set(recorded.changes(made.subscription)) & {"target", "secret"} == set()


def test_bytes_of_another_row_do_not_open(receiver: Receiver, operator: User) -> None:
    one, other = make.subscription(receiver, operator), make.subscription(receiver, operator)
    other.target = one.target
    with pytest.raises(Exception, match="does not open"):
        vault.target(other)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://hooks.example.org/services/T0/B0/secret?token=secret", "https://hooks.example.org/…"),
        ("https://hooks.example.org:8443", "https://hooks.example.org:8443/…"),
        ("mailtos://user:secret@mail.example.org?to=risk@example.org", "mailtos://mail.example.org/…"),
        ("slack://TokenA/TokenB/TokenC/#channel", "slack://…"),
    ],
)
def test_shown_target_has_no_secret_in_it(target: str, shown: str) -> None:
    assert subscribing.shown(target) == shown


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:8000/", "http://localhost/", "http://[::1]/", "http://2130706433/", "ftp://x.org/"]
)
def test_subscribe_to_a_private_address_is_refused(operator: User, target: str) -> None:
    with pytest.raises(Invalid) as refused:
        subscribe(target, operator)
    assert ([problem.pointer for problem in refused.value.problems], Subscription.objects.count()) == (["/target"], 0)


def test_subscribe_to_events_that_do_not_exist_names_each(receiver: Receiver, operator: User) -> None:
    with pytest.raises(Invalid) as refused:
        subscribe(receiver.url, operator, patterns=["promotion.signed", "promotion", "promotoin.*", "no.such", "*.*"])
    assert [(problem.pointer, problem.detail) for problem in refused.value.problems] == [
        ("/events/1", "This is no event: promotion.signed, promotion.* and * are."),
        ("/events/2", "There is no such event."),
        ("/events/3", "There is no such event."),
        ("/events/4", "This is no event: promotion.signed, promotion.* and * are."),
    ]


def test_subscribe_to_no_event_is_refused(receiver: Receiver, operator: User) -> None:
    with pytest.raises(Invalid):
        subscribe(receiver.url, operator, patterns=[])


def test_subscribe_under_a_name_that_lives_is_refused_and_after_its_end_is_not(
    receiver: Receiver, operator: User
) -> None:
    first = subscribe(receiver.url, operator).subscription
    with pytest.raises(AlreadyExists):
        subscribe(receiver.url, operator)
    subscribing.end(first, actor=acting(operator))
    assert subscribe(receiver.url, operator).subscription.name == first.name


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AUDITOR, Role.RISK_OFFICER])
def test_subscribe_without_the_role_is_refused(receiver: Receiver, role: Role) -> None:
    with pytest.raises(NotPermitted):
        subscribe(receiver.url, factories.person(role))


def test_subscribe_as_operator_of_one_system_is_refused(receiver: Receiver) -> None:
    """The events of all systems would come."""
    with pytest.raises(NotPermitted):
        subscribe(receiver.url, factories.person(Role.OPERATOR, system=factories.system()))


def test_change_of_events_and_target_is_on_record(receiver: Receiver, operator: User) -> None:
    subscription, changes = (
        make.subscription(receiver, operator),
        {"events": ["slot.*"], "target": receiver.url + "d"},
    )
    changed = subscribing.change(subscription, changes=changes, revision=1, actor=acting(operator))
    told = recorded.newest(changed)
    assert (changed.events, vault.target(changed), changed.revision) == (["slot.*"], receiver.url + "d", 2)
    assert (told["event"], told["data"]) == (
        "subscription.changed",
        {"changed": ["events", "target"], "revision": 2},
    )
    assert told["row"] == rows.digest(recorded.fresh(changed))


def test_change_of_an_older_revision_is_refused(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    with pytest.raises(RevisionMismatch):
        subscribing.change(subscription, changes={"name": "other"}, revision=7, actor=acting(operator))


def test_change_to_a_name_that_is_taken_is_refused(receiver: Receiver, operator: User) -> None:
    one, other = make.subscription(receiver, operator), make.subscription(receiver, operator)
    with pytest.raises(AlreadyExists):
        subscribing.change(one, changes={"name": other.name}, revision=1, actor=acting(operator))


def test_change_to_a_private_target_is_refused(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    with pytest.raises(Invalid):
        subscribing.change(subscription, changes={"target": "http://10.0.0.1/"}, revision=1, actor=acting(operator))
    assert vault.target(recorded.fresh(subscription)) == receiver.url


def test_pause_and_resume_are_on_record(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    paused = subscribing.pause(subscription, actor=acting(operator))
    assert (paused.state, recorded.newest(paused)["data"]) == ("paused", {"because": "asked"})
    resumed = subscribing.resume(paused, actor=acting(operator))
    assert (resumed.state, resumed.revision, recorded.names(resumed)) == (
        "active",
        3,
        ["subscription.created", "subscription.paused", "subscription.resumed"],
    )


def test_pause_of_what_is_paused_is_refused(receiver: Receiver, operator: User) -> None:
    subscription = subscribing.pause(make.subscription(receiver, operator), actor=acting(operator))
    with pytest.raises(Conflict, match=r"The subscription is paused\."):
        subscribing.pause(subscription, actor=acting(operator))


def test_rotated_secret_signs_first_and_the_old_one_for_a_while(receiver: Receiver, operator: User) -> None:
    made = make.keyed(receiver, operator)
    rotated = subscribing.rotate_secret(made.subscription, actor=acting(operator))
    assert vault.keys(recorded.fresh(rotated.subscription)) == [rotated.secret, made.secret]
    assert recorded.newest(rotated.subscription)["event"] == "subscription.secret_rotated"


def test_rotated_secret_without_overlap_signs_alone(receiver: Receiver, operator: User) -> None:
    made = make.keyed(receiver, operator)
    rotated = subscribing.rotate_secret(made.subscription, actor=acting(operator), overlap_hours=0)
    assert vault.keys(rotated.subscription) == [rotated.secret]


def test_end_keeps_the_row_and_forgets_target_and_secret(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    factories.system()
    make.dispatched()
    ended = recorded.fresh(subscribing.end(subscription, actor=acting(operator)))
    assert (ended.state, bytes(ended.target), bytes(ended.secret), make.states(ended)) == ("ended", b"", b"", ["dead"])
    assert (recorded.newest(ended)["event"], recorded.newest(ended)["data"]) == (
        "subscription.deactivated",
        {"unsent": 1},
    )


@pytest.mark.parametrize("step", [subscribing.end, subscribing.pause, subscribing.resume, subscribing.rotate_secret])
def test_ended_subscription_takes_no_further_step(receiver: Receiver, operator: User, step: Any) -> None:
    ended = subscribing.end(make.subscription(receiver, operator), actor=acting(operator))
    with pytest.raises(Conflict, match=r"The subscription is ended\."):
        step(ended, actor=acting(operator))


@pytest.mark.parametrize("step", [subscribing.end, subscribing.pause, subscribing.resume, subscribing.rotate_secret])
def test_step_without_the_role_is_refused(receiver: Receiver, operator: User, step: Any) -> None:
    subscription = make.subscription(receiver, operator)
    with pytest.raises(NotPermitted):
        step(subscription, actor=acting(factories.person(Role.AUDITOR)))


@pytest.mark.parametrize(
    ("name", "patterns", "fits"),
    [
        ("promotion.signed", ["*"], True),
        ("promotion.signed", ["promotion.*"], True),
        ("promotion.signed", ["promotion.signed"], True),
        ("promotion.signed", ["promotion.sign"], False),
        ("promotions.signed", ["promotion.*"], False),
        ("promotion.signed", ["slot.*", "promotion.submitted"], False),
    ],
)
def test_event_fits_its_name_its_noun_and_the_star(name: str, patterns: list[str], fits: bool) -> None:
    assert subscribing.fits(name, patterns) is fits
