"""An event in words, by a real SMTP server and a real endpoint."""

import email
import json
import socket
from collections.abc import Iterator
from email.policy import default
from ipaddress import ip_network
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from audit.events import timestamp
from audit.models import Event, Leaf
from registry import events
from registry.errors import Invalid
from registry.models import User
from registry.services.subscriptions import notices, repeating, subscribing, telling
from registry.services.subscriptions.addresses import Refused
from tests import factories
from tests.factories import acting
from tests.receivers import Receiver
from tests.registry.services.subscriptions import make

LOOPBACK = [ip_network("127.0.0.0/8")]


class Inbox:
    """What arrived by mail."""

    def __init__(self) -> None:
        self.messages: list[email.message.EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        self.messages.append(email.message_from_bytes(envelope.original_content or b"", policy=default))
        return "250 OK"


@pytest.fixture
def inbox(loopback_allowed: None) -> Iterator[tuple[Inbox, str]]:
    """A mail server on this machine, and the address to tell it something."""
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield inbox, f"mailto://127.0.0.1:{port}?from=models@example.org&to=risk@example.org"
    controller.stop()


def subscribe(target: str, operator: User) -> Any:
    name, actor = factories.name("notice"), acting(operator)
    return subscribing.subscribe(name, kind="notice", target=target, patterns=["system.*"], actor=actor)


@pytest.mark.django_db
def test_event_arrives_by_mail_in_a_sentence_with_the_way_to_its_record(
    inbox: tuple[Inbox, str], operator: User, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://models.example.org"
    subscription = subscribe(inbox[1], operator).subscription
    system = factories.system()
    make.dispatched()
    assert make.delivered() == 1
    (message,) = inbox[0].messages
    event = Event.objects.get(subject_id=str(system.pk))
    index = Leaf.objects.get(ticket=event.ticket).index
    assert (message["Subject"], message["To"]) == (f"system.registered ({settings.LOG_ORIGIN})", "risk@example.org")
    assert text(message).splitlines() == [
        str(events.SystemRegistered.__doc__),
        f"system {system.pk}, at {timestamp(event.at)}; entry {index} of {settings.LOG_ORIGIN}.",
        f"https://models.example.org/admin/registry/aisystem/{system.pk}/change/",
    ]
    assert make.states(subscription) == ["delivered"]


def text(message: email.message.EmailMessage) -> str:
    """The plain text of a message."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).strip()


@pytest.mark.django_db
def test_notice_has_no_secret_to_show_or_to_rotate(inbox: tuple[Inbox, str], operator: User) -> None:
    made = subscribe(inbox[1], operator)
    assert (made.secret, bytes(made.subscription.secret)) == ("", b"")
    with pytest.raises(Exception, match="Mail and chat are not signed"):
        subscribing.rotate_secret(made.subscription, actor=acting(operator))


@pytest.mark.django_db
def test_ping_arrives_by_mail(inbox: tuple[Inbox, str], operator: User, settings: Any) -> None:
    subscription = subscribe(inbox[1], operator).subscription
    assert repeating.ping(subscription, actor=acting(operator)).is_told
    assert [message["Subject"] for message in inbox[0].messages] == [f"ping ({settings.LOG_ORIGIN})"]


@pytest.mark.django_db
def test_mail_that_is_not_taken_is_tried_again(inbox: tuple[Inbox, str], operator: User, settings: Any) -> None:
    subscription = subscribe(inbox[1], operator).subscription
    factories.system()
    make.dispatched()
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    make.delivered()
    row = subscription.deliveries.get()
    assert (row.state, row.attempts, row.status_code) == ("pending", 1, None)
    assert row.failure.startswith("Not told: 127.0.0.1 is no public address")
    assert inbox[0].messages == []


def test_notice_without_a_public_url_has_no_link(settings: Any) -> None:
    settings.PUBLIC_URL = ""
    assert notices.link(Event(subject_type="system", subject_id="1")) == ""


def test_notice_about_what_has_no_page_links_to_the_event(settings: Any) -> None:
    settings.PUBLIC_URL = "https://models.example.org/"
    link = notices.link(Event(ticket=7, subject_type="log", subject_id="example.org/log"))
    assert link == "https://models.example.org/admin/audit/event/7/change/"


def test_json_endpoint_is_told_in_words(receiver: Receiver) -> None:
    url = receiver.url.replace("http", "json").partition("?")[0]
    assert notices.tell(url, title="Title", body="Body.", allowed=LOOPBACK).is_told
    said = json.loads(receiver.arrived[0].body)
    assert (said["title"], said["message"]) == ("Title", "Body.")


def test_redirect_of_a_chat_is_not_followed_to_a_private_address(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": "http://127.0.0.2:1/"}
    url = receiver.url.replace("http", "json").partition("?")[0]
    outcome = notices.tell(url, title="Title", body="Body.", allowed=[ip_network("127.0.0.1/32")])
    assert (outcome.is_told, len(receiver.arrived), "127.0.0.2" in outcome.failure) == (False, 1, False)


def test_connection_to_a_private_address_is_blocked_where_it_is_made(receiver: Receiver) -> None:
    """The name was checked before, if at all: this is what stands between a changed name and the network."""
    url = f"json://localhost:{receiver.port}/"
    outcome = notices.tell(url, title="Title", body="Body.", allowed=[])
    said = "Not told: 127.0.0.1 is no public address, and in no network of WEBHOOK_ALLOWED_NETWORKS."
    assert (outcome.failure, receiver.arrived) == (said, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/",
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "json://user:password@10.0.0.1/",
        "json://127.0.0.1:8000/",
        "mailto://user:password@192.168.1.1?to=a@example.org",
        "mailto://user:password@example.org?smtp=127.0.0.1&to=a@example.org",
        "slack://TokenA/TokenB/TokenC/?template=/etc/passwd",
        "jsons://example.org/?verify=no",
        "jsons://example.org/?redirect=yes",
        "jsons://example.org/?name=x;verify=no;redirect=yes;+X-Api=1",
        "jsons://example.org/p;verify=no",
        "jsons://example.org/?VERIFY=no",
        "jsons://example.org/?%76erify=no",
        "jsons://example.org/?+X-Api=1",
        "jsons://example.org/?-X-Api=1",
        "jsons://example.org/?:token=1",
        "jsons://example.org/#?verify=no",
        "jsons://example.org/#?redirect=yes",
        "workflows://example.org/workflow/sig/?id=x;template=/etc/passwd;verify=no",
        "workflows://example.org/workflow/sig/?id=x&Template=/etc/passwd",
        "workflows://example.org/workflow/sig/#?id=x&template=/etc/passwd",
        "json://example.org/ json://127.0.0.1/",
        "slack://abc",
    ],
)
def test_address_that_apprise_is_not_handed_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        notices.check(url, allowed=[], resolver=lambda host, port: [host] if host[0].isdigit() else ["93.184.215.14"])


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#channel",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "mailtos://user:password@mail.example.org?from=a@example.org&to=b@example.org",
    ],
)
def test_address_that_apprise_reads_is_taken(url: str) -> None:
    notices.check(url, allowed=[], resolver=lambda host, port: ["93.184.215.14"])


@pytest.mark.django_db
def test_subscribe_with_an_address_that_apprise_cannot_read_is_refused(operator: User) -> None:
    with pytest.raises(Invalid) as refused:
        subscribe("slack://abc", operator)
    assert refused.value.problems[0].detail.startswith("Nothing can be sent there: apprise cannot read the address")


def test_complaint_of_apprise_is_shown_without_the_secrets() -> None:
    words = telling.without_secrets("Bad token T1JJ3T3L2 at user:hunter22@x", "slack://user:hunter22@T1JJ3T3L2/x")
    assert words == "Bad token … at …:…@x"


def test_parameter_that_only_apprise_sees_stops_the_notice_itself(receiver: Receiver) -> None:
    """An address that was taken before the rule was is not told either."""
    url = f"{receiver.url.replace('http', 'json').partition('?')[0]}#?redirect=yes"
    outcome = notices.tell(url, title="Title", body="Body.", allowed=LOOPBACK)
    assert (outcome.failure, receiver.arrived) == ("Not told: the parameters redirect are not taken.", [])
