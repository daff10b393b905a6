"""Where the server may send: to public addresses, and into networks that an operator allows. Plain Python.

What is checked is the address that is connected to, whatever it was spelled like and whatever the name meant before.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]

DEFAULT_PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
# The IANA registries of special addresses, written out: `is_global` says other things in other versions of Python.
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        # Of the global unicast addresses: protocols (Teredo among them), documentation, 6to4.
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]
#: Everything else of IPv6 is loopback, local, multicast, reserved, or another protocol's address in disguise (NAT64).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class Refused(Exception):
    """Nothing is sent there; the message says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The parts of a webhook's URL."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Endpoint:
    """A webhook's URL, if it is one that may be asked at all. Raises Refused."""
    parts = split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise Refused("a webhook's address begins with https://, or with http:// in an allowed network")
    if "@" in parts.netloc:
        raise Refused("a webhook's address carries no user name or password")
    if parts.fragment:
        raise Refused("a webhook's address has no fragment")
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    if port not in DEFAULT_PORTS.values() and port < FIRST_FREE_PORT:
        raise Refused(f"the port {port} belongs to another service; 80, 443 and those from {FIRST_FREE_PORT} on do")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise Refused("the path has characters that must be percent-encoded")
    return Endpoint(parts.scheme, host_of(parts), port, path)


def split(url: str) -> SplitResult:
    """The parts of a URL in which nothing hides. Raises Refused."""
    if _UNFIT.search(url):
        raise Refused("the address has blanks, backslashes or control characters in it")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - looked at to be checked
    except ValueError as error:
        raise Refused(f"the address is no URL: {error}") from error
    return parts


def host_of(parts: SplitResult) -> str:
    """The host in the spelling that is looked up: a name in ASCII, or an address as it is usually written."""
    host = parts.hostname or ""
    if ":" in host:
        return str(_address(host))
    try:
        host = host.encode("idna").decode()
    except UnicodeError as error:
        raise Refused(f"the host {host!r} is no name") from error
    if not _NAME.fullmatch(host):
        raise Refused(f"the host {host!r} is no name")
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return str(_address(host))  # 127.1, 0x7f.1 and 2130706433 mean addresses too, to some
    return host


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name, as the machine finds them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def reachable(endpoint: Endpoint, *, allowed: Sequence[Network], resolver: Resolver = system_resolver) -> list[Address]:
    """The addresses of a webhook now; in clear text only within the allowed networks. Raises Refused, OSError."""
    addresses = permitted(endpoint.host, endpoint.port, allowed=allowed, resolver=resolver)
    if endpoint.scheme == "http" and not all(is_in(address, allowed) for address in addresses):
        raise Refused("http:// is for the networks of WEBHOOK_ALLOWED_NETWORKS; https:// it must be elsewhere")
    return addresses


def permitted(
    host: str, port: int, *, allowed: Sequence[Network], resolver: Resolver = system_resolver
) -> list[Address]:
    """The host's addresses now, all of which may be connected to. Raises Refused, OSError.

    One that may not refuses them all: such a mixture is made to get past a check.
    """
    addresses = [_address(text) for text in resolver(host, port)]
    if not addresses:
        raise OSError(f"{host} has no address")
    for address in addresses:
        check(address, allowed)
    return addresses


def check(address: Address, allowed: Sequence[Network]) -> None:
    """Raise Refused unless it is a public address, or in an allowed network."""
    if is_in(address, allowed):
        return
    if is_in(address, _SPECIAL) or (address.version == 6 and address not in _GLOBAL_UNICAST):
        raise Refused(f"{address} is no public address, and in no network of WEBHOOK_ALLOWED_NETWORKS")


def is_in(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of the networks holds it."""
    return any(address in network for network in networks if network.version == address.version)


def checked(text: str, allowed: Sequence[Network]) -> None:
    """`check` for an address as text, as a socket is given it. Raises Refused for a name too."""
    check(_address(text), allowed)


def _address(text: str) -> Address:
    """The address meant: an IPv4 one that is written as IPv6 is what it is. Raises Refused."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError as error:
        raise Refused(f"{text!r} is no address as it is usually written") from error
    return getattr(address, "ipv4_mapped", None) or address
