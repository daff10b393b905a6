"""Witnesses are asked at once; who is slow, dead or false holds nobody up, and what does not verify is not kept."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audit.models import Checkpoint, Cosignature
from audit.outside import continuity, publisher, witnesses
from audit.signing import rotation
from audit.tlog import checkpoint, note, policy
from tests.audit import outside
from tests.audit.tlog import examples

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    settings.WITNESS_TIMEOUT_SECONDS = 1.0
    return tmp_path


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A witness that answers in its own way; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def saying(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def ask(url: str) -> witnesses.Answer:
    known = {"w": policy.Known(outside.known("w"), url)}
    return witnesses.ask(known, Checkpoint.objects.latest("size").note.encode(), {"w": 0}, lambda old, new: [])["w"]


def test_publish_with_a_quorum_carries_its_cosignatures(folder: Path, settings: Any) -> None:
    outside.place()
    with outside.witnessing(folder, "a", "b") as lines:
        settings.LOG_TRUST_POLICY = outside.policy(folder, [*lines.values()], "group both all a b; quorum both")
        for count in (1, 300, 2):
            outside.happen(count)
            size = outside.place()
            assert outside.publish().size == size
    keys = [*rotation.verifiers(), outside.known("a"), outside.known("b")]
    signed = checkpoint.open_signed((folder / "published" / "checkpoint").read_bytes(), keys)
    assert signed.signers == ["localhost/mlops", "witness.example.org/a", "witness.example.org/b"]
    assert Cosignature.objects.filter(size=size).count() == 2


def test_publish_without_a_quorum_waits_and_goes_on_when_it_is_there(folder: Path, settings: Any) -> None:
    size = outside.place()
    with outside.witnessing(folder, "a") as lines:
        dead = f"witness b {outside.known('b').vkey} http://127.0.0.1:{_closed_port()}"
        settings.LOG_TRUST_POLICY = outside.policy(folder, [lines["a"], dead], "group both all a b; quorum both")
        assert outside.publish() == publisher.Published(0, waiting="the quorum of witnesses: all of (a, b)")
        assert not (folder / "published" / "checkpoint").exists()
        settings.LOG_TRUST_POLICY = outside.policy(folder, [lines["a"], dead], "group one any a b; quorum one")
        assert outside.publish().size == size


def test_slow_witness_does_not_hold_the_others(folder: Path, settings: Any) -> None:
    size = outside.place()
    with (
        answering(lambda _: time.sleep(5)) as slow,
        answering(dripping) as drip,
        outside.witnessing(folder, "a") as own,
    ):
        lines = [own["a"], f"witness s {outside.known('s').vkey} {slow}", f"witness d {outside.known('d').vkey} {drip}"]
        settings.LOG_TRUST_POLICY = outside.policy(folder, lines, "quorum a")
        start = time.monotonic()
        assert outside.publish().size == size
        assert time.monotonic() - start < 3


def test_witness_that_failed_rests_and_is_asked_again(folder: Path, settings: Any) -> None:
    outside.place()
    head, rests = Checkpoint.objects.latest("size"), witnesses.Rests()
    known = {"w": policy.Known(outside.known("w"), f"http://127.0.0.1:{_closed_port()}")}
    assert isinstance(witnesses.collect(head, known, rests)["w"], witnesses.Failed)
    assert witnesses.collect(head, known, rests) == {}
    rests.until["w"] = 0.0
    assert isinstance(witnesses.collect(head, known, rests)["w"], witnesses.Failed)
    assert rests.seconds == {"w": 4.0}


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (403, b"no", witnesses.Failed("It answered 403: no")),
        (404, b"who?", witnesses.Failed("It answered 404: who?")),
        (500, b"", witnesses.Failed("It answered 500: ")),
        (302, b"", witnesses.Failed("It answered 302: ")),
        (409, b"77\n", witnesses.Holds(77)),
        (409, b"0\n", witnesses.SaysForked("It holds another head of size 0.")),
        (422, b"other root", witnesses.SaysForked("other root")),
    ],
)
def test_answers_are_told_apart(status: int, body: bytes, answer: witnesses.Answer) -> None:
    outside.place()
    with answering(saying(status, body)) as url:
        assert ask(url) == answer


@pytest.mark.parametrize("body", [b"", b"nothing", b"x" * 100_000, "\u2014 w AAAA\n".encode()])
def test_cosignature_that_is_none_is_not_believed(body: bytes) -> None:
    outside.place()
    with answering(saying(200, body)) as url:
        assert isinstance(ask(url), witnesses.Failed)


@pytest.mark.parametrize("size", [b"077\n", b"-1\n", b"many\n", b"1" * 30])
def test_size_in_another_spelling_is_not_believed(size: bytes) -> None:
    outside.place()
    with answering(saying(409, size)) as url:
        assert isinstance(ask(url), witnesses.Failed)


def test_cosignature_of_another_head_or_key_is_not_believed() -> None:
    outside.place()
    text = note.text_of(Checkpoint.objects.latest("size").note.encode())
    own, stranger = (note.Cosigner("witness.example.org/w", examples.key(word), time=1) for word in ("w", "stranger"))
    for line in (note.signature_line("other\n", own), note.signature_line(text, stranger)):
        with answering(saying(200, line.encode())) as url:
            assert isinstance(ask(url), witnesses.Failed)
    with answering(saying(200, note.signature_line(text, own).encode())) as url:
        assert ask(url) == witnesses.Cosigned(note.signature_line(text, own))


@pytest.mark.parametrize(("status", "body"), [(422, b""), (409, b"1000000\n")])
def test_witness_that_contradicts_stops_publishing(folder: Path, settings: Any, status: int, body: bytes) -> None:
    outside.place()
    with answering(saying(status, body)) as url:
        line = f"witness w {outside.known('w').vkey} {url}"
        settings.LOG_TRUST_POLICY = outside.policy(folder, [line], "quorum none")
        with pytest.raises(continuity.Broken, match="The witness w"):
            outside.publish()
    assert not (folder / "published" / "checkpoint").exists()


def _closed_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])
