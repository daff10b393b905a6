"""Where a log's files come from: folders with odd things in them, and servers that answer oddly."""

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from audit.tlog import sources
from audit.tlog.errors import SourceError
from audit.tlog.logcheck import Older, Question
from audit.tlog.sources import MAX_FILE_BYTES, Directory, Url
from audit.tlog.trust import Trust
from audit.tlog.verify import main, verify_log
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG

LEAVES = [examples.entry(number) for number in range(300)]


class Answers(BaseHTTPRequestHandler):
    """Files below a folder, and below /odd/ what a good server does not do."""

    folder: ClassVar[Path]
    asked: ClassVar[list[str]]

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        match self.path.split("/")[1:]:
            case ["odd", "status", code]:
                self.answer(int(code))
            case ["odd", "busy-once"]:
                self.answer(503 if self.asked.count(self.path) == 1 else 200, b"late")
            case ["odd", "moved", *rest]:
                self.answer(302, location=f"/{'/'.join(rest)}")
            case ["odd", "elsewhere", scheme]:
                self.answer(301, location=f"{scheme}://localhost/checkpoint")
            case ["odd", "slow"]:
                time.sleep(1)
            case ["odd", "short"]:
                self.answer(200, b"half", announced=8)
            case ["odd", "large"]:
                self.answer(200, bytes(MAX_FILE_BYTES + 1))
            case _:
                path = self.folder / self.path.removeprefix("/log/")
                self.answer(200, path.read_bytes()) if path.is_file() else self.answer(404)

    def answer(self, code: int, body: bytes = b"", *, location: str = "", announced: int | None = None) -> None:
        """Send it."""
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> Iterator[str]:
    examples.publish(tmp_path, LEAVES)
    handler = type("Handler", (Answers,), {"folder": tmp_path, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_PAUSE_SECONDS", 0.01)


def test_live_log_is_verified_and_its_report_is_that_of_its_directory(server: str, tmp_path: Path) -> None:
    question = Question(Trust((LOG.verifier,)), since=(Older("since", examples.head(LEAVES[:100])),))
    live = verify_log(sources.at(f"{server}/log/"), question)
    assert live == verify_log(Directory(str(tmp_path)), question)
    assert (live.clean, live.size, live.proven["tile"]) == (True, 300, 3)


def test_live_log_that_grows_while_it_is_read_is_verified_as_of_one_checkpoint(server: str, tmp_path: Path) -> None:
    before = (tmp_path / "checkpoint").read_bytes()
    examples.publish(tmp_path, [examples.entry(number) for number in range(600)])
    (tmp_path / "checkpoint").write_bytes(before)
    for partial in ("tile/0/001.p/44", "tile/entries/001.p/44"):  # which the log may tidy away by now
        (tmp_path / partial).unlink()
    assert verify_log(sources.at(f"{server}/log"), Question(Trust((LOG.verifier,)))).summary() == (
        "Verified: 300 entries of the log models.example.org/audit at size 300, "
        "signed by models.example.org/audit; 3 tiles."
    )


def test_live_log_with_files_changed_or_missing_names_each(server: str, tmp_path: Path) -> None:
    (tmp_path / "tile/0/000").write_bytes(bytes(8192))
    (tmp_path / "tile/entries/001.p/44").unlink()
    assert [str(one) for one in verify_log(Url(f"{server}/log"), Question(Trust((LOG.verifier,)))).findings] == [
        "tile/0/000: The file does not hold what the entries say.",
        "tile/entries/001: The entry bundle is missing.",
    ]


def test_command_on_a_live_log_exits_0_and_on_what_is_none_exits_2(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{server}/log/", "--key", LOG.vkey]) == 0
    assert main([f"{server}/nothing", "--key", LOG.vkey]) == 2
    assert capsys.readouterr().err == (
        f"Cannot verify {server}/nothing: There is no file named checkpoint; it is not a log.\n"
    )


@pytest.mark.parametrize("code", [404, 410])
def test_url_of_a_file_that_is_not_there_is_none(server: str, code: int) -> None:
    assert Url(server).read(f"odd/status/{code}") is None


def test_url_that_is_busy_once_or_moved_is_read(server: str) -> None:
    assert Url(server).read("odd/busy-once") == b"late"
    assert Url(server).read("odd/moved/log/checkpoint") == examples.head(LEAVES)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("odd/status/500", "answered 500 Internal Server Error."),
        ("odd/status/403", "answered 403 Forbidden."),
        ("odd/elsewhere/https", "redirects to another scheme, https://localhost/checkpoint. Give that address"),
        ("odd/elsewhere/file", "Redirection to url 'file://localhost/checkpoint' is not allowed."),
        ("odd/elsewhere/ftp", "redirects to another scheme, ftp://localhost/checkpoint. Give that address"),
        ("odd/moved/odd/elsewhere/ftp", "redirects to another scheme, ftp://localhost/checkpoint."),
        ("odd/short", "cannot be fetched: IncompleteRead(4 bytes read, 4 more expected)."),
        ("odd/large", f"has more than {MAX_FILE_BYTES} bytes; no file of a log is that large."),
        ("odd/slow", "cannot be fetched: timed out."),
    ],
)
def test_url_that_answers_oddly_is_refused_and_named(server: str, path: str, reason: str) -> None:
    with pytest.raises(SourceError) as refused:
        Url(server, timeout_seconds=0.1).read(path)
    assert reason in str(refused.value)


def test_url_that_redirects_for_ever_is_refused(server: str) -> None:
    with pytest.raises(SourceError, match="answered 302 "):
        Url(server).read("odd/moved/" * 12 + "log/checkpoint")


def test_url_where_nobody_listens_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^http://127\.0\.0\.1:9/checkpoint cannot be fetched: .*refused"):
        Url("http://127.0.0.1:9").read("checkpoint")


@pytest.mark.parametrize(
    "address",
    ["file:///etc/log", "https://", "http://host:port/", "https://host/?q", "https://host/#f", "https://h\u00f6st/"],
)
def test_address_that_is_no_address_of_a_log_is_refused(address: str) -> None:
    with pytest.raises(SourceError, match="is not the address of a log: https://host/path"):
        sources.at(address)


def test_address_with_or_without_a_slash_at_its_end_is_the_same() -> None:
    assert sources.at("https://host:8443/log/") == sources.at("https://host:8443/log") == Url("https://host:8443/log")


def test_directory_reads_regular_files_only(tmp_path: Path) -> None:
    examples.publish(tmp_path, LEAVES)
    os.mkfifo(tmp_path / "pipe")
    source = Directory(str(tmp_path))
    assert [source.read(path) for path in ("pipe", "tile", "missing", "checkpoint/x")] == [None] * 4
    assert source.read("checkpoint") == examples.head(LEAVES)


def test_directory_lists_the_partial_copies_that_are_spelled_right(tmp_path: Path) -> None:
    examples.write(tmp_path, {f"tile/0/000.p/{name}": b"" for name in ("9", "10", "256", "01", "x", "-1")})
    assert (Directory(str(tmp_path)).partials("tile/0/000"), Directory(str(tmp_path)).partials("tile/0/001")) == (
        [9, 10],
        [],
    )


def test_directory_cuts_what_is_larger_than_any_file_of_a_log(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1000)
    assert len(Directory(str(tmp_path)).read("huge") or b"") == MAX_FILE_BYTES + 1
