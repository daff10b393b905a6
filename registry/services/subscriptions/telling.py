"""A process of its own that hands one notice to apprise: `python -m registry.services.subscriptions.telling`.

Apprise looks names up and connects by itself, so the rule about addresses stands where nothing gets past it: at each
connect of this process, which is of no use for anything else and can be ended when it takes too long.
Reads a JSON object from standard input, writes one to standard output.
"""

import ipaddress
import json
import logging
import re
import sys
from collections.abc import Sequence
from typing import Any

import apprise
from apprise.utils.parse import parse_url

from registry.services.subscriptions import addresses
from registry.services.subscriptions.addresses import Network, Refused

_LONG_ENOUGH_TO_BE_SECRET = 4


class Blocked(ConnectionRefusedError):
    """The address may not be connected to."""


class Kept(logging.Handler):
    """The last thing that apprise complained about."""

    words = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.words = record.getMessage()


def main() -> None:
    """Tell it, or with `only_look` see whether it could be told."""
    asked = json.load(sys.stdin)
    blocked = guard([ipaddress.ip_network(network) for network in asked["allowed"]])
    if refused := not_taken(asked["url"], asked["parameters"]):
        json.dump({"failure": f"the parameters {', '.join(refused)} are not taken"}, sys.stdout)
        return
    kept = Kept(logging.WARNING)
    logging.getLogger("apprise").addHandler(kept)
    told = _tell(asked)
    failure = blocked[0] if blocked else without_secrets(kept.words, asked["url"]) or "the service did not take it"
    json.dump({"failure": "" if told else failure}, sys.stdout)


def guard(allowed: Sequence[Network]) -> list[str]:
    """From now on this process connects only where it may; what it refuses is added to the list."""
    blocked: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("socket.connect", "socket.sendto"):
            return
        try:
            addresses.checked(str(arguments[1][0] if isinstance(arguments[1], tuple) else arguments[1]), allowed)
        except Refused as refusal:
            blocked.append(str(refusal))
            raise Blocked(str(refusal)) from refusal

    sys.addaudithook(hook)
    return blocked


def without_secrets(words: str, url: str) -> str:
    """What apprise said, without any part of the address that might be a password or a token."""
    parts = (part for part in re.split(r"[/:@?&=]+", url.partition("://")[2]) if len(part) >= _LONG_ENOUGH_TO_BE_SECRET)
    for part in sorted(parts, key=len, reverse=True):
        words = words.replace(part, "…")
    return words


def not_taken(url: str, taken: Sequence[str]) -> list[str]:
    """The parameters in the address that apprise may not be asked for, as its own parser finds them."""
    read: dict[str, Any] = parse_url(url, verify_host=False) or {"qsd": {}}
    keyed = (name for sign in "+-:" for name in read.get(f"qsd{sign}", {}))
    return sorted({*read["qsd"], *keyed} - {*taken})


def _tell(asked: dict[str, Any]) -> bool:
    asset = apprise.AppriseAsset(
        app_id="mlops-server", storage_mode="memory", http_redirects=False, pgp_autogen=False, pem_autogen=False
    )
    service = apprise.Apprise.instantiate(asked["url"], asset=asset, suppress_exceptions=True)
    if service is None or asked["only_look"]:
        return service is not None
    # Whatever the address says of them.
    service.verify_certificate, service.redirects = True, False
    return bool(service.notify(title=asked["title"], body=asked["body"], body_format="text"))


if __name__ == "__main__":
    main()
