"""Requests over HTTP: signed in, tried again where that is safe, refusals raised as errors, lists read page by page."""

import random
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx

from mlops_client import errors
from mlops_client.credentials import SIGN_IN_AGAIN, Account

PATIENCE_SECONDS = 60  # a server that asks for more is not waited for: its answer is raised
_TEMPORARY = (429, 502, 503, 504)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Before a request was sent, nothing can have been done.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Session:
    """One account at one server; its token is in no repr and no message."""

    def __init__(
        self,
        account: Account,
        *,
        timeout: float = 60,
        attempts: int = 5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """attempts: how often a request is sent at most; transport: another way out, for tests."""
        check(account.url)
        self.account, self._attempts = account, attempts
        headers = {"User-Agent": "mlops-client", "Accept": "application/json"}
        if account.token:
            headers["Authorization"] = f"Bearer {account.token}"
        limits = httpx.Timeout(timeout, connect=min(timeout, 10))
        self._http = httpx.Client(base_url=account.url, headers=headers, timeout=limits, transport=transport)

    def __repr__(self) -> str:
        return f"Session({self.account.url!r})"

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path; a query argument that is None is left out. Raises ClientError."""
        return self.send("GET", path, params=_asked(query)).json()

    def post(self, path: str, body: Any = None, *, revision: int | None = None) -> Any:
        """POST JSON under a key, so that a repeat is done once; what is None is left out. Raises ClientError."""
        headers = {"Idempotency-Key": str(uuid4())} | _expecting(revision)
        return _content(self.send("POST", path, json=_asked(body or {}), headers=headers))

    def patch(self, path: str, body: Any, *, revision: int) -> Any:
        """PATCH JSON, only where nobody changed the record since that revision. Raises ClientError."""
        return _content(self.send("PATCH", path, json=_asked(body), headers=_expecting(revision)))

    def form(self, path: str, *, file: tuple[str, Any, str], fields: dict[str, str]) -> Any:
        """POST a file with form fields under a key; httpx rewinds the file for a repeat. Raises ClientError."""
        headers = {"Idempotency-Key": str(uuid4())}
        return _content(self.send("POST", path, files={"file": file}, data=fields, headers=headers))

    def delete(self, path: str) -> None:
        """DELETE. Raises ClientError."""
        self.send("DELETE", path)

    def rows(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page as they are asked for. Raises ClientError."""
        asked = _asked(query)
        while True:
            page = self.get(path, **asked)
            yield from page["results"]
            if not page["next"]:
                return
            # Only the query of `next`: the token goes to no other address, whatever a proxy makes of the name.
            asked = dict(parse_qsl(urlsplit(page["next"]).query))

    def send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """Send until an answer comes that is no reason to try again. Raises ClientError.

        Tried again after a lost connection where a repeat does nothing twice: a GET or HEAD, whatever carries an
        Idempotency-Key, and whatever was not sent at all. A server that asks to wait is waited for.
        """
        is_repeatable = method in ("GET", "HEAD") or "Idempotency-Key" in parts.get("headers", {})
        for left in reversed(range(self._attempts)):
            pause = _pause(self._attempts - left)
            try:
                answer = self._http.request(method, path, **parts)
            except httpx.TransportError as error:
                if not left or not (is_repeatable or isinstance(error, _NOT_SENT)):
                    raise _unreachable(self.account.url, error) from error
            else:
                pause = retry_after(answer) if "Retry-After" in answer.headers else pause
                if not left or not _is_temporary(answer) or pause > PATIENCE_SECONDS:
                    return self._checked(answer)
            time.sleep(pause)
        raise AssertionError("A session sends at least once.")

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if not answer.is_error:
            return answer
        error = errors.of(answer)
        if isinstance(error, errors.NotSignedIn) and self.account.token:
            error.remedy = error.remedy or SIGN_IN_AGAIN
        raise error


def retry_after(answer: httpx.Response) -> float:
    """The seconds that an answer asks to wait, whether it gives a number or a date; 0 where it says neither."""
    asked = answer.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _is_temporary(answer: httpx.Response) -> bool:
    return answer.is_error and (answer.status_code in _TEMPORARY or "Retry-After" in answer.headers)


def _pause(attempt: int) -> float:
    """Twice as long each time, by chance up to half shorter: clients that failed together do not return together."""
    return float(min(0.2 * 2**attempt, 10) * random.uniform(0.5, 1))


def _content(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None


def _asked(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _expecting(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}


def _unreachable(url: str, error: httpx.TransportError) -> errors.Unreachable:
    detail = f"{url} does not answer: {error or type(error).__name__}."
    return errors.Unreachable(detail, remedy="Is the address right, and does the server run?")


def check(url: str) -> None:
    """Raises Unusable for what is no address; warns where the token would travel in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        meant = f" Did you mean http://{url}?" if "://" not in url and " " not in url else ""
        remedy = f"Give one as in https://mlops.example.org.{meant}"
        raise errors.Unusable(f"{url!r} is no address of a server.", remedy=remedy)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        warnings.warn(f"{url} is not encrypted: whoever listens can read the token.", stacklevel=4)
