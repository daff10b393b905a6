"""What can go wrong, in words that say how to mend it.

ClientError
├── Unusable            what you gave cannot be sent: no such file, no address, a name that fits nothing
│   └── NobodySignedIn  no token was given, and none is kept that still counts
├── Unreachable         no answer came, however often it was tried
├── Problem             the server refused, and says why (RFC 9457)
│   ├── NotSignedIn     401
│   ├── NotPermitted    403
│   ├── NotFound        404, 410
│   ├── Conflict        409, 412, 428: the record's state does not allow it, or has changed
│   ├── Invalid         400, 413, 415, 422: some of the input cannot be used
│   ├── TooManyRequests 429
│   ├── ChecksumMismatch 460: what arrived is not what was sent
│   └── ServerFailed    5xx
└── JobFailed           a worker gave the work up
    └── JobCancelled    somebody asked to stop it
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

MOST_FIELDS = 10  # are told in a message; `fields` has all


class ClientError(Exception):
    """The root of the tree: catch it to catch all. `remedy` says how to mend it, where that is known."""

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail, self.remedy = detail, remedy

    def __str__(self) -> str:
        return f"{self.detail}\n  -> {self.remedy}" if self.remedy else self.detail


class Unusable(ClientError):
    """What you gave cannot be sent."""


class NobodySignedIn(Unusable):
    """No token was given, and none is kept that still counts."""


class Unreachable(ClientError):
    """No answer came."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that cannot be used: a JSON pointer into the body, or ``?name`` in the query."""

    pointer: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.pointer}: " if self.pointer else ""
        return f"{where}{self.detail}" + (f" ({self.remedy})" if self.remedy else "")


class Problem(ClientError):
    """The server refused. `request_id` is what its log knows the request by."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(str(document.get("detail") or ""), remedy=str(document.get("remedy") or ""))
        self.status = status
        self.type = str(document.get("type") or "about:blank")
        self.title = str(document.get("title") or "The server refused")
        self.request_id = str(document.get("request_id") or "")
        self.fields = [_field(one) for one in document.get("errors") or [] if isinstance(one, dict)]

    def __str__(self) -> str:
        # Where the fields say it, a detail that begins like the title says nothing new.
        is_said = self.detail == self.title or (self.fields and self.detail.startswith(self.title))
        lines = [f"{self.title} ({self.status})", "" if is_said else self.detail]
        lines += [f"  {one}" for one in self.fields[:MOST_FIELDS]]
        lines += [f"  and {len(self.fields) - MOST_FIELDS} more"] if len(self.fields) > MOST_FIELDS else []
        lines += [f"  -> {self.remedy}" if self.remedy else ""]
        lines += [f"  request {self.request_id}" if self.request_id else ""]
        return "\n".join(line for line in lines if line)


class NotSignedIn(Problem):
    """401."""


class NotPermitted(Problem):
    """403."""


class NotFound(Problem):
    """404: it does not exist, or you may not read it; 410: it is no more."""


class Conflict(Problem):
    """409, 412, 428."""


class Invalid(Problem):
    """400, 413, 415, 422."""


class TooManyRequests(Problem):
    """429."""


class ChecksumMismatch(Problem):
    """460."""


class ServerFailed(Problem):
    """5xx, which the client has tried again where that could help."""


class JobFailed(ClientError):
    """A worker gave the work up; `lines` are the last of its log."""

    def __init__(self, what: str, failure: str, *, lines: Sequence[str] = ()) -> None:
        super().__init__(f"{what}: {failure or 'it gave no reason'}")
        self.failure, self.lines = failure, list(lines)

    def __str__(self) -> str:
        return "\n".join([self.detail, *(f"  | {line}" for line in self.lines)])


class JobCancelled(JobFailed):
    """Somebody asked to stop it."""


_OF_STATUS: dict[int, type[Problem]] = {
    400: Invalid,
    401: NotSignedIn,
    403: NotPermitted,
    404: NotFound,
    410: NotFound,
    409: Conflict,
    412: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    428: Conflict,
    429: TooManyRequests,
    460: ChecksumMismatch,
}


def of(answer: httpx.Response) -> Problem:
    """The error that an answer stands for; one that is no problem document, a proxy's page say, is told by its text."""
    kind = ServerFailed if answer.status_code >= 500 else _OF_STATUS.get(answer.status_code, Problem)
    return kind(answer.status_code, _document(answer))


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        document = None
    if isinstance(document, dict):
        return document
    return {"title": answer.reason_phrase, "detail": answer.text[:300].strip()}


def _field(one: dict[str, Any]) -> FieldProblem:
    return FieldProblem(*(str(one.get(name) or "") for name in ("pointer", "detail", "remedy")))
