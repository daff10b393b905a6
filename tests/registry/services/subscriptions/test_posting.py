"""One POST, against real servers that answer well and oddly."""

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.services.subscriptions import addresses, posting
from registry.services.subscriptions.outcomes import Outcome
from tests.receivers import Receiver, receiving

LOOPBACK = [ip_network("127.0.0.0/8")]
HEADERS = {"webhook-id": "1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def post(url: str, **options: object) -> Outcome:
    return posting.post(url, b"{}", HEADERS, **{"allowed": LOOPBACK, **options})  # type: ignore[arg-type]


def test_post_that_is_taken_arrives_whole(receiver: Receiver) -> None:
    assert post(receiver.url) == Outcome(204)
    (arrived,) = receiver.arrived
    assert (arrived.path, arrived.headers, arrived.body) == (
        "/hook?key=abc",
        {
            "host": f"127.0.0.1:{receiver.port}",
            "accept-encoding": "identity",
            "content-length": "2",
            "webhook-id": "1",
        },
        b"{}",
    )


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (301, "It answered 301 Moved Permanently."),
        (400, "It answered 400 Bad Request."),
        (410, "It answered 410 Gone."),
        (500, "It answered 500 Internal Server Error."),
        (799, "It answered 799."),
    ],
)
def test_post_that_is_not_taken_says_with_what_status(receiver: Receiver, status: int, failure: str) -> None:
    receiver.status = status
    outcome = post(receiver.url)
    assert (outcome, outcome.is_gone) == (Outcome(status, failure), status == 410)


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("999999999999999999", timedelta(days=1)),
        ("-5", None),
        ("soon", None),
        ("Mon, 23 Nov 2020 10:00:00 GMT", timedelta()),
    ],
)
def test_retry_after_is_read_within_bounds(receiver: Receiver, retry_after: str, wait: timedelta | None) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": retry_after}
    assert post(receiver.url).wait == wait


def test_retry_after_as_a_date_is_the_time_until_then(receiver: Receiver) -> None:
    at = datetime.datetime.now(datetime.UTC) + timedelta(minutes=5)
    receiver.status, receiver.headers = 503, {"Retry-After": format_datetime(at, usegmt=True)}
    wait = post(receiver.url).wait
    assert wait is not None
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)


def test_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving() as other:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        outcome = post(receiver.url)
        assert (outcome.status, len(receiver.arrived), other.arrived) == (307, 1, [])


def test_private_address_is_not_connected_to(receiver: Receiver) -> None:
    outcome = post(receiver.url, allowed=[])
    said = "Refused: 127.0.0.1 is no public address, and in no network of WEBHOOK_ALLOWED_NETWORKS."
    assert (outcome, receiver.arrived) == (Outcome(failure=said), [])


def test_name_that_means_something_else_the_second_time_is_asked_once(receiver: Receiver) -> None:
    """DNS rebinding: the first answer is checked and connected to; a second one would go to another place."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]])
    outcome = post(f"http://rebinding.test:{receiver.port}/", resolver=lambda host, port: next(answers))
    assert (outcome, next(answers)) == (Outcome(204), ["127.0.0.2"])
    assert receiver.arrived[0].headers["host"] == f"rebinding.test:{receiver.port}"


def test_name_that_turned_private_since_it_was_subscribed_is_refused(receiver: Receiver) -> None:
    answers, url = iter([["93.184.215.14"], ["127.0.0.1"]]), f"https://rebinding.test:{receiver.port}/"
    addresses.reachable(addresses.parse(url), allowed=[], resolver=lambda host, port: next(answers))
    outcome = post(url, allowed=[], resolver=lambda host, port: next(answers))
    assert (outcome.failure.startswith("Refused: 127.0.0.1"), receiver.arrived) == (True, [])


def test_second_address_is_tried_where_the_first_takes_no_connection(receiver: Receiver) -> None:
    outcome = post(f"http://two.test:{receiver.port}/", resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"])
    assert outcome == Outcome(204)


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/").failure.startswith("ConnectionRefusedError")


def test_name_that_does_not_exist_is_said() -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert post("https://nowhere.test/", resolver=nothing).failure == (
        "The name cannot be resolved: [Errno -2] Name or service not known."
    )


def test_answer_that_drips_is_cut_off(receiver: Receiver) -> None:
    """Each byte comes in time, and the whole never would."""
    receiver.dripping, began = True, time.monotonic()
    outcome = post(receiver.url, seconds=0.5)
    assert (outcome, time.monotonic() - began < 2) == (Outcome(failure="No answer within 0.5 seconds."), True)


def test_server_that_accepts_and_says_nothing_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = post(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)
        secret = post(f"https://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)
    assert [outcome.failure, secret.failure] == ["No answer within 0.3 seconds."] * 2


def test_answer_that_is_no_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_by_smtp, args=[server])
        thread.start()
        outcome = post(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert outcome == Outcome(failure="The answer is not HTTP.")


def _answer_by_smtp(server: socket.socket) -> None:
    connected, _ = server.accept()
    with connected:
        connected.recv(1000)
        connected.sendall(b"220 mail.example.org ESMTP\r\n")


# TLS
@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for hooks.test, which this machine trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    return context


def test_certificate_is_checked_for_the_name_while_the_address_is_pinned(tls: ssl.SSLContext) -> None:
    asked: list[str | None] = []
    tls.sni_callback = lambda connected, name, context: asked.append(name)
    with receiving(tls) as receiver:
        outcome = post(f"https://hooks.test:{receiver.port}/", resolver=lambda host, port: ["127.0.0.1"])
    assert (outcome, asked) == (Outcome(204), ["hooks.test"])
    assert receiver.arrived[0].headers["host"] == f"hooks.test:{receiver.port}"


def test_certificate_of_another_name_is_refused(tls: ssl.SSLContext) -> None:
    with receiving(tls) as receiver:
        outcome = post(f"https://other.test:{receiver.port}/", resolver=lambda host, port: ["127.0.0.1"])
    assert (outcome.failure.startswith("SSLCertVerificationError"), receiver.arrived) == (True, [])
