"""An HTTP API as a source: pages, tries, tags, and where its headers never go."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from workers.ingestion import sources
from workers.ingestion.errors import FileTooLarge, IngestionError, SourceInvalid, SourceRefused, SourceUnreachable
from workers.ingestion.sources import http
from workers.ingestion.sources.reading import Bounds, Delivered

ROWS = [{"id": number, "name": f"p{number}"} for number in range(5)]
SECRET = "Bearer s3cr3t-value"
Answer = tuple[int, dict[str, str], Any]


class Api:
    """A server whose answers a test decides; what it was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answer: Callable[[dict[str, str]], Answer] = lambda query: (200, {}, ROWS)
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append((self.path, dict(self.headers)))
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                status, headers, body = api.answer(query | {"tag": self.headers.get("If-None-Match", "")})
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/rows"


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def read(url: str, into: Path, bounds: Bounds, before: dict[str, Any] | None = None, **settings: Any) -> Delivered:
    position = {"before": before or {}, "batch": {}}
    secrets = {"Authorization": SECRET}
    return sources.fetch("http", {"url": url, **settings}, secrets, position, into, bounds)


def rows(found: Delivered) -> list[Any]:
    return [json.loads(line) for path in found.paths for line in path.read_text().splitlines()]


def paged(size: int) -> Callable[[dict[str, str]], Answer]:
    def answer(query: dict[str, str]) -> Answer:
        start = (int(query["page"]) - 1) * size
        return 200, {}, {"data": {"items": ROWS[start : start + size]}}

    return answer


def test_one_page_is_read_with_the_secret_in_its_header(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    found = read(api.url, tmp_path, bounds, headers={"X-Client": "mlops"})
    headers = api.asked[0][1]
    assert (rows(found), found.format) == (ROWS, "jsonl")
    assert (headers["Authorization"], headers["X-Client"]) == (SECRET, "mlops")


def test_pages_by_number_are_read_until_one_is_empty(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    api.answer = paged(2)
    found = read(f"{api.url}?size=2", tmp_path, bounds, rows="data.items", pages={"by": "page"})
    assert rows(found) == ROWS
    assert [path for path, _ in api.asked] == [f"/rows?size=2&page={number}" for number in (1, 2, 3, 4)]


def test_pages_by_cursor_are_read_until_none_is_named(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    following = {"": ("b&c", ROWS[:3]), "b&c": (None, ROWS[3:])}

    def answer(query: dict[str, str]) -> Answer:
        cursor, some = following[query.get("after", "")]
        return 200, {}, {"meta": {"next": cursor}, "rows": some}

    api.answer = answer
    pages = {"by": "cursor", "parameter": "after", "cursor": "meta.next"}
    assert rows(read(api.url, tmp_path, bounds, rows="rows", pages=pages)) == ROWS


def test_pages_by_link_are_followed_on_the_same_server_only(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    links = {"": '</rows?at=2>; rel="next", </rows>; rel="first"', "2": '<http://127.0.0.2:1/rows>; rel="next"'}
    api.answer = lambda query: (200, {"Link": links[query.get("at", "")]}, ROWS[:1])
    with pytest.raises(SourceRefused, match="on another server"):
        read(api.url, tmp_path, bounds, pages={"by": "link"})
    links["2"] = ""
    assert rows(read(api.url, tmp_path, bounds, pages={"by": "link"})) == [ROWS[0], ROWS[0]]


def test_server_that_is_busy_is_asked_again_when_it_says(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    answers = iter([(429, {"Retry-After": "1"}, {}), (503, {"Retry-After": "0"}, {}), (200, {}, ROWS)])
    api.answer = lambda query: next(answers)
    assert (rows(read(api.url, tmp_path, bounds)), len(api.asked)) == (ROWS, 3)


def test_server_that_stays_broken_is_given_up_without_the_secret(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    api.answer = lambda query: (500, {}, {"you sent": SECRET})
    with pytest.raises(SourceUnreachable, match="500 Internal Server Error") as refused:
        read(api.url, tmp_path, bounds, attempts=2)
    assert (len(api.asked), "s3cr3t" in str(refused.value)) == (2, False)


def test_refusal_that_would_stay_one_is_not_tried_again(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    api.answer = lambda query: (401, {}, {})
    with pytest.raises(SourceUnreachable, match="401 Unauthorized"):
        read(api.url, tmp_path, bounds)
    assert len(api.asked) == 1


def test_redirect_is_not_followed(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    api.answer = lambda query: (302, {"Location": "http://169.254.169.254/"}, {})
    with pytest.raises(SourceUnreachable, match="302 Found"):
        read(api.url, tmp_path, bounds)


def test_page_that_is_not_modified_is_nothing_new(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    api.answer = lambda query: (304, {}, b"") if query["tag"] == '"7"' else (200, {"ETag": '"7"'}, ROWS)
    first = read(api.url, tmp_path, bounds)
    assert read(api.url, tmp_path, bounds, first.position) == Delivered(
        [], "jsonl", first.position, {"rows": 0, "pages": 0}
    )
    assert sources.plan("http", {"url": api.url}, {}, {"before": first.position}, bounds) is None


def test_rows_that_are_the_same_without_a_tag_are_nothing_new(api: Api, tmp_path: Path, bounds: Bounds) -> None:
    first = read(api.url, tmp_path, bounds)
    read_first = rows(first)
    again = read(api.url, tmp_path, bounds, first.position)
    api.answer = lambda query: (200, {}, ROWS[:1])
    changed = read(api.url, tmp_path, bounds, first.position)
    assert [read_first, rows(again), rows(changed)] == [ROWS, [], ROWS[:1]]


@pytest.mark.parametrize(
    ("body", "error", "why"),
    [
        (b"<html>", SourceUnreachable, "is not JSON"),
        (b"[" * 100_000, SourceUnreachable, "is not JSON"),
        ({"rows": [1, 2]}, SourceUnreachable, "no list of rows"),
        ([{"x": "y" * 2000}], FileTooLarge, "more than 1000 bytes"),
    ],
)
def test_answer_that_is_no_rows_is_refused(
    api: Api, tmp_path: Path, bounds: Bounds, body: Any, error: type[IngestionError], why: str
) -> None:
    api.answer = lambda query: (200, {}, body)
    with pytest.raises(error, match=why):
        read(api.url, tmp_path, Bounds(networks=bounds.networks, bytes=1000))


def test_page_past_its_size_is_refused(
    api: Api, tmp_path: Path, bounds: Bounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PAGE_BYTES", 10)
    with pytest.raises(FileTooLarge, match="A page has more than 10 bytes"):
        read(api.url, tmp_path, bounds)


def test_private_address_is_refused_whatever_its_name(api: Api, tmp_path: Path) -> None:
    for url in (api.url, "http://169.254.169.254/latest/meta-data", "http://2130706433/"):
        with pytest.raises(SourceRefused, match=r"is no (public )?address"):
            read(url, tmp_path, Bounds())
    with pytest.raises(SourceRefused, match="In clear text"):
        read("http://api.example.org/", tmp_path, Bounds(resolver=lambda host, port: ["93.184.215.14"]))
    sneaky = Bounds(resolver=lambda host, port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(SourceRefused, match="no public address"):
        read("https://api.example.org/", tmp_path, sneaky)
    assert api.asked == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"url": "ftp://example.org/"}, "a source's address begins with https"),
        ({"url": "https://example.org/", "headers": {"Host": "other"}}, "header Host cannot be sent"),
        ({"url": "https://example.org/", "headers": {"X": "a\r\nHost: b"}}, "header X cannot be sent"),
        ({"url": "https://example.org/", "pages": {"by": "luck"}}, "Invalid enum value 'luck'"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(SourceInvalid, match=why):
        sources.check("http", settings, {})
