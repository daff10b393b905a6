"""One POST to an address that was checked: never elsewhere, never for long, and nothing of the answer is kept.

No redirect is followed and no proxy asked. The socket goes to an address that was checked a moment before, whatever the
name means by then; the name stays in the TLS handshake and the Host header. An answer is its status: a body could only
tell whoever wrote the subscription what stands on pages that the server can see and they cannot.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from registry.services.subscriptions import addresses
from registry.services.subscriptions.addresses import Address, Endpoint, Network, Refused, Resolver
from registry.services.subscriptions.outcomes import Outcome, failed

SECONDS = 10.0
LONGEST_WAIT = timedelta(days=1)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Sequence[Network],
    resolver: Resolver = addresses.system_resolver,
    seconds: float = SECONDS,
) -> Outcome:
    """Send it, all within so many seconds once the name is resolved; anything but 2xx is a failure."""
    try:
        endpoint = addresses.parse(url)
        found = addresses.reachable(endpoint, allowed=allowed, resolver=resolver)
    except Refused as refusal:
        return failed(f"Refused: {refusal}.")
    except (OSError, UnicodeError) as problem:
        return failed(f"The name cannot be resolved: {problem}.")
    deadline = time.monotonic() + seconds
    try:
        return _asked(endpoint, found, body, headers, deadline)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        if time.monotonic() >= deadline or isinstance(problem, TimeoutError):
            return failed(f"No answer within {seconds:g} seconds.")
        # What is no HTTP is not quoted: it may be what some other service says about itself.
        words = f"{type(problem).__name__}: {problem}" if isinstance(problem, OSError) else "The answer is not HTTP"
        return failed(f"{words}.")


def _asked(
    endpoint: Endpoint, found: Sequence[Address], body: bytes, headers: Mapping[str, str], deadline: float
) -> Outcome:
    with _connected(endpoint, found, deadline) as connected, _cut_off(connected, deadline):
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
        connection.auto_open = 0  # what is connected is all there is
        connection.sock = _secured(connected, endpoint) if endpoint.scheme == "https" else connected
        try:
            connection.request("POST", endpoint.path, body, {"Host": endpoint.authority, **headers})
            answer = connection.getresponse()
            if time.monotonic() >= deadline:
                raise TimeoutError  # cut off within the headers, it looks like an answer that ends there
            return _read(answer.status, answer.headers.get("Retry-After", ""))
        finally:
            connection.close()


def _connected(endpoint: Endpoint, found: Sequence[Address], deadline: float) -> socket.socket:
    """To the first of the addresses that takes a connection."""
    for address in found[:-1]:
        try:
            return _dialled(address, endpoint.port, deadline)
        except OSError:
            continue  # IPv6 may lead nowhere from here
    return _dialled(found[-1], endpoint.port, deadline)


def _dialled(address: Address, port: int, deadline: float) -> socket.socket:
    return socket.create_connection((str(address), port), timeout=max(0.01, deadline - time.monotonic()))


def _secured(connected: socket.socket, endpoint: Endpoint) -> ssl.SSLSocket:
    """With the certificate of the name, not of the address; by the machine's own trust."""
    return ssl.create_default_context().wrap_socket(connected, server_hostname=endpoint.host.rstrip("."))


@contextmanager
def _cut_off(connected: socket.socket, deadline: float) -> Iterator[None]:
    """End the connection at the deadline: a timeout of each read alone lets an answer drip for ever."""
    twin = connected.dup()  # TLS takes the first one over
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _shut, [twin])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        twin.close()


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


def _read(status: int, retry_after: str) -> Outcome:
    if http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(status)
    words = http.client.responses.get(status, "")
    return Outcome(status, f"It answered {status} {words}".rstrip() + ".", _wait(retry_after))


def _wait(retry_after: str) -> timedelta | None:
    """What Retry-After asks for, in seconds or as a date, a day at the most; None for anything else."""
    try:
        if retry_after.isascii() and retry_after.isdigit():
            wait = timedelta(seconds=min(int(retry_after[:9]), LONGEST_WAIT.total_seconds()))
        else:
            wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)
