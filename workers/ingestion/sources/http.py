"""An HTTP API that answers rows as JSON, a page at a time; unchanged rows make no version."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

from workers.ingestion.errors import FileTooLarge, SourceInvalid, SourceRefused, SourceUnreachable
from workers.ingestion.sources import reading, requests
from workers.ingestion.sources.reading import Bounds, Delivered, Position, Progress, Secrets

#: The names are those of the headers that the secrets are sent in.
SECRETS: frozenset[str] | None = None
PAGE_BYTES = 64 * 1024 * 1024
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")
_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_OURS = {"host", "content-length", "connection", "transfer-encoding", "if-none-match", "accept-encoding"}
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Pages(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """by: page (a parameter counts up until a page is empty), cursor (the answer names the next), link (a header)."""

    by: Literal["page", "cursor", "link"]
    parameter: str = "page"
    first: int = 1
    cursor: str = "next"
    most: Count = 10_000


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """rows: where in an answer the list of rows is, such as data.items; empty where the answer is the list."""

    url: str
    rows: str = ""
    headers: dict[str, str] = {}
    pages: Pages | None = None
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 6


def check(settings: Mapping[str, Any]) -> None:
    """Raises SourceInvalid."""
    known = reading.typed(settings, Settings)
    try:
        requests.endpoint(known.url)
    except SourceRefused as error:
        raise SourceInvalid(error.detail, error.remedy) from error
    for name, value in known.headers.items():
        _check_header(name, value)


def format(settings: Mapping[str, Any]) -> str:
    """One JSON object a line."""
    return "jsonl"


def plan(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> Position | None:
    """Nothing to fix; None where the server says that its one page is as it was."""
    known = reading.typed(settings, Settings)
    if not _asked_before(known, position):
        return {}
    headers = _headers(known, secrets, position)
    with requests.answered(known.url, headers, bounds, attempts=known.attempts, progress=reading.quiet) as answer:
        return None if answer.status == 304 else {}


def read(
    settings: Mapping[str, Any],
    secrets: Secrets,
    position: Position,
    into: Path,
    bounds: Bounds,
    progress: Progress,
) -> Delivered:
    """All pages, one after the other; each is in memory alone."""
    known, before = reading.typed(settings, Settings), position.get("before", {})
    target, digest = into / "rows.jsonl", hashlib.sha256()
    count = size = number = 0
    tags: list[str] = []
    with target.open("wb") as file:
        for number, (rows, tag) in enumerate(_pages(known, secrets, position, bounds, progress), start=1):
            tags = [tag] if tag else []
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                size += len(line)
                reading.take(size, bounds)
                digest.update(line)
                file.write(line)
            count += len(rows)
            progress(0.5, f"read {count} rows on {number} pages")
    if number == 0:
        return Delivered([], "jsonl", before, {"rows": 0, "pages": 0})
    after = {"digest": digest.hexdigest(), **({"etag": tags[0]} if tags and known.pages is None else {})}
    is_new = count > 0 and after["digest"] != before.get("digest")
    return Delivered([target] if is_new else [], "jsonl", after, {"rows": count, "pages": number})


def acknowledge(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> None:
    """A server is not told."""


def _pages(
    known: Settings, secrets: Secrets, position: Position, bounds: Bounds, progress: Progress
) -> Iterator[tuple[list[Any], str]]:
    """The rows of each page, and its ETag; none at all where the server says that nothing changed."""
    url: str | None = _first(known)
    headers, number = _headers(known, secrets, position), 0
    while url is not None:
        number += 1
        if number > (known.pages.most if known.pages else 1):
            raise FileTooLarge(f"There are more than {number - 1} pages.", "Raise `most`, or ask for less.")
        with requests.answered(url, headers, bounds, attempts=known.attempts, progress=progress) as answer:
            if answer.status == 304:
                return
            body, link = _body(answer), answer.headers.get("Link", "")
            tag = answer.headers.get("ETag", "")
        rows = _rows(body, known.rows)
        yield rows, tag
        following = _next(known, url, body, rows, link)
        if following == url:
            raise SourceUnreachable("A page names itself as the next one.", "Check how the API numbers its pages.")
        url = following


def _first(known: Settings) -> str:
    if known.pages is not None and known.pages.by == "page":
        return _with(known.url, known.pages.parameter, str(known.pages.first))
    return known.url


def _next(known: Settings, url: str, body: Any, rows: list[Any], link: str) -> str | None:
    """The next page, which is of the same server: headers with secrets go nowhere else. Raises SourceRefused."""
    pages = known.pages
    if pages is None:
        return None
    if pages.by == "page":
        at = dict(parse_qsl(urlsplit(url).query))[pages.parameter]
        return _with(url, pages.parameter, str(int(at) + 1)) if rows else None
    if pages.by == "cursor":
        cursor = _at(body, pages.cursor)
        return _with(url, pages.parameter, str(cursor)) if cursor not in (None, "", False) else None
    found = _LINK.search(link)
    if found is None:
        return None
    following = str(urljoin(url, found[1]))
    if urlsplit(following)[:2] != urlsplit(known.url)[:2]:
        raise SourceRefused("The next page is on another server.", "Pages are read from the server of the URL only.")
    return following


def _with(url: str, parameter: str, value: str) -> str:
    parts = urlsplit(url)
    kept = [(name, one) for name, one in parse_qsl(parts.query, keep_blank_values=True) if name != parameter]
    return urlunsplit(parts._replace(query=urlencode([*kept, (parameter, value)])))


def _headers(known: Settings, secrets: Secrets, position: Position) -> dict[str, str]:
    for name, value in secrets.items():
        _check_header(name, value)
    sent = {**known.headers, **secrets}
    if _asked_before(known, position):
        sent["If-None-Match"] = position["before"]["etag"]
    return sent


def _check_header(name: str, value: str) -> None:
    if not _HEADER.fullmatch(name) or name.lower() in _OURS or not value.isascii() or not value.isprintable():
        raise SourceInvalid(f"The header {name[:100]} cannot be sent.", "Use a name and a value of plain ASCII.")


def _asked_before(known: Settings, position: Position) -> bool:
    """Only where there is one page: the tag of a first page says nothing about the others."""
    return known.pages is None and "etag" in position.get("before", {})


def _body(answer: Any) -> Any:
    """The page as JSON. Raises FileTooLarge, SourceUnreachable."""
    try:
        data = answer.read(PAGE_BYTES + 1)
    except (OSError, HTTPException) as error:
        raise SourceUnreachable(f"The answer broke off: {type(error).__name__}.", "It is read again.") from error
    if len(data) > PAGE_BYTES:
        raise FileTooLarge(f"A page has more than {PAGE_BYTES} bytes.", "Ask for smaller pages.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceUnreachable("The answer is not JSON.", "Check the address: is it an API's?") from error


def _rows(body: Any, path: str) -> list[Any]:
    found = _at(body, path)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        where = f"at {path!r}" if path else "as the whole answer"
        raise SourceUnreachable(f"The answer has no list of rows {where}.", "Say with `rows` where it is.")
    return found


def _at(body: Any, path: str) -> Any:
    """What a dotted path leads to; None where it leads nowhere."""
    for name in filter(None, path.split(".")):
        body = body.get(name) if isinstance(body, dict) else None
    return body
