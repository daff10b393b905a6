"""Where the server may send, against every spelling of where it may not."""

from ipaddress import ip_address, ip_network

import pytest

from registry.services.subscriptions import addresses
from registry.services.subscriptions.addresses import Endpoint, Refused

LOOPBACK = [ip_network("127.0.0.0/8")]
PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://hooks.example.org", Endpoint("https", "hooks.example.org", 443, "/")),
        ("HTTPS://Hooks.Example.org:8443/a?b=c", Endpoint("https", "hooks.example.org", 8443, "/a?b=c")),
        ("https://münchen.de/", Endpoint("https", "xn--mnchen-3ya.de", 443, "/")),
        ("https://[2606:2800:21f::1]/", Endpoint("https", "2606:2800:21f::1", 443, "/")),
        # What is written with other digits, or as IPv6, is the IPv4 address that it is.
        ("https://１２７.0.0.1/", Endpoint("https", "127.0.0.1", 443, "/")),
        ("https://[::ffff:127.0.0.1]/", Endpoint("https", "127.0.0.1", 443, "/")),
        ("https://[::ffff:7f00:1]/", Endpoint("https", "127.0.0.1", 443, "/")),
    ],
)
def test_address_is_read_as_it_will_be_used(url: str, endpoint: Endpoint) -> None:
    assert addresses.parse(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
        "//example.org/",
        "https://user:password@example.org/",
        "https://example.org@127.0.0.1/",
        "https://example.org#@127.0.0.1/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/\r\nHost: other",
        "https://exam\tple.org/",
        " https://example.org/",
        "https:///path",
        "https://example.org:25/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://%31%32%37.0.0.1/",
        "https://[::1/",
        "https://example..org/",
        # Spellings of 127.0.0.1 that some resolvers take.
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0/",
        "http://127.0.0.0x1/",
    ],
)
def test_address_that_hides_something_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        addresses.parse(url)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::5db8:d70e",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="is no public address"):
        addresses.permitted("host", 443, allowed=[], resolver=lambda host, port: [address])


@pytest.mark.parametrize("address", [PUBLIC, "172.32.0.1", "100.128.0.1", "2606:2800:21f::1", "2a00:1450::1"])
def test_address_that_is_public_is_permitted(address: str) -> None:
    found = addresses.permitted("host", 443, allowed=[], resolver=lambda host, port: [address])
    assert found == [ip_address(address)]


def test_address_in_an_allowed_network_is_permitted_however_it_is_written() -> None:
    found = addresses.permitted("host", 80, allowed=LOOPBACK, resolver=lambda host, port: ["::ffff:127.0.0.1"])
    assert found == [ip_address("127.0.0.1")]


def test_address_in_no_allowed_network_is_refused_beside_them() -> None:
    with pytest.raises(Refused):
        addresses.permitted("host", 80, allowed=LOOPBACK, resolver=lambda host, port: ["10.0.0.1"])


def test_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(Refused, match=r"10\.0\.0\.1 is no public address"):
        addresses.permitted("host", 443, allowed=[], resolver=lambda host, port: [PUBLIC, "10.0.0.1"])


def test_name_of_this_machine_is_refused() -> None:
    with pytest.raises(Refused):
        addresses.permitted("localhost", 443, allowed=[])


def test_clear_text_is_refused_outside_the_allowed_networks() -> None:
    endpoint = addresses.parse("http://example.org/")
    with pytest.raises(Refused, match=r"https:// it must be elsewhere"):
        addresses.reachable(endpoint, allowed=LOOPBACK, resolver=lambda host, port: [PUBLIC])
    found = addresses.reachable(endpoint, allowed=LOOPBACK, resolver=lambda host, port: ["127.0.0.1"])
    assert found == [ip_address("127.0.0.1")]


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.org/", "example.org"),
        ("https://example.org:8443/", "example.org:8443"),
        ("http://[::1]:8000/", "[::1]:8000"),
    ],
)
def test_authority_names_the_port_where_it_is_not_the_usual_one(url: str, authority: str) -> None:
    assert addresses.parse(url).authority == authority
