"""One GET at a time, to an address that was checked: no redirect, no proxy, tried again where that may help."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

from registry.services.subscriptions import addresses
from registry.services.subscriptions.addresses import Endpoint, Refused
from workers.ingestion.errors import SourceRefused, SourceUnreachable
from workers.ingestion.sources import reading
from workers.ingestion.sources.reading import Bounds, Progress

SECONDS = 60.0
LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS = 300.0, 0.5
#: Told in between while a wait is long, so that nobody takes the worker for lost.
_STEP_SECONDS = 5.0
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def endpoint(url: str) -> Endpoint:
    """The parts of a URL that may be asked. Raises SourceRefused."""
    try:
        return addresses.parse(url)
    except Refused as refusal:
        words = str(refusal).replace("a webhook's", "a source's")
        raise SourceRefused(f"The address cannot be asked: {words}.", "Write it as https://host/path.") from refusal


@contextmanager
def answered(
    url: str, headers: Mapping[str, str], bounds: Bounds, *, attempts: int, progress: Progress
) -> Iterator[http.client.HTTPResponse]:
    """The answer with its body still to be read: 2xx or 304, after as many attempts as it takes, within bounds.

    Raises SourceUnreachable, SourceRefused.
    """
    for attempt in range(attempts):
        is_last = attempt == attempts - 1
        try:
            connection = _connected(endpoint(url), bounds)
            answer = _asked(connection, url, headers)
        except (OSError, http.client.HTTPException) as error:
            if is_last:
                raise SourceUnreachable(
                    f"The server does not answer: {type(error).__name__}.", "Check the address, and that it is up."
                ) from error
            _wait(_backoff(attempt), progress)
            continue
        try:
            if answer.status in _TRY_AGAIN and not is_last:
                wait = _retry_after(answer)
            else:
                _check(answer)
                yield answer
                return
        finally:
            answer.close()
            connection.close()
        _wait(_backoff(attempt) if wait is None else wait, progress)


def _connected(place: Endpoint, bounds: Bounds) -> http.client.HTTPConnection:
    """To the first checked address that takes a connection, whatever the name means a moment later."""
    found = reading.reachable(place.host, place.port, bounds)
    if place.scheme == "http" and not all(addresses.is_in(ip_address(one), bounds.networks) for one in found):
        raise SourceRefused("In clear text only allowed networks are asked.", "Use https://.")
    error: OSError | None = None
    for address in found:
        try:
            connected = socket.create_connection((address, place.port), timeout=SECONDS)
            break
        except OSError as problem:  # IPv6 may lead nowhere from here
            error = problem
    else:
        raise error or OSError("no address")
    if place.scheme == "https":
        connected = ssl.create_default_context().wrap_socket(connected, server_hostname=place.host.rstrip("."))
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.auto_open = 0  # what is connected is all there is
    connection.sock = connected
    return connection


def _asked(connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    place = endpoint(url)
    told = {"Host": place.authority, "Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        connection.request("GET", place.path, headers={**told, "User-Agent": "mlops-source/1", **headers})
        return connection.getresponse()
    except (OSError, http.client.HTTPException):
        connection.close()
        raise


def _check(answer: http.client.HTTPResponse) -> None:
    """Raises SourceUnreachable for what is neither rows nor word that nothing changed; the body is not quoted."""
    if answer.status == http.HTTPStatus.NOT_MODIFIED or http.HTTPStatus.OK <= answer.status < 300:
        return
    words = f"{answer.status} {http.client.responses.get(answer.status, '')}".strip()
    remedy = "Name the address that it leads to." if 300 <= answer.status < 400 else "Check address and secrets."
    raise SourceUnreachable(f"The server answered {words}.", remedy)


def _retry_after(answer: http.client.HTTPResponse) -> float | None:
    """What Retry-After asks for, in seconds or as a date; None where it asks for nothing that can be read."""
    given = answer.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), LONGEST_WAIT_SECONDS)
    try:
        wait = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT_SECONDS)


def _backoff(attempt: int) -> float:
    return min(FIRST_WAIT_SECONDS * 2.0**attempt, LONGEST_WAIT_SECONDS)


def _wait(seconds: float, progress: Progress) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        progress(0.0, "waiting for the server")
        time.sleep(min(left, _STEP_SECONDS))
