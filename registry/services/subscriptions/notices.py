"""An event in words, by mail or chat: which addresses are taken, what is said, and how apprise is asked to say it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from audit.events import Event as Kind
from audit.models import Event
from audit.pages import trail
from registry.services.subscriptions import addresses
from registry.services.subscriptions.addresses import Network, Refused, Resolver
from registry.services.subscriptions.outcomes import Outcome, failed

SECONDS = 30.0
#: What apprise may be asked for; of those in the second list the address names the host.
HOSTED = ("slack", "discord", "workflows", "gchat", "zulip")
OWN_HOST = ("mailto", "mailtos", "matrix", "matrixs", "mmost", "mmosts", "rocket", "rockets", "json", "jsons")
#: Others read files of the server, follow redirects, or switch the check of certificates off.
_MAIL = ("to", "from", "name", "cc", "bcc", "reply", "smtp", "user", "pass", "mode", "format")
_CHAT = ("channel", "thread", "id", "sig", "ver", "api-version", "token")
PARAMETERS = frozenset((*_MAIL, *_CHAT))
_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def check(url: str, *, allowed: Sequence[Network], resolver: Resolver = addresses.system_resolver) -> None:
    """Raise Refused for an address that apprise is not handed, or whose host is private now.

    A name that means nothing by itself may do: that of a mail domain. Each connection is checked again when it is made,
    and the parameters wherever apprise finds them: it reads addresses in its own way, behind a # too.
    """
    parts = addresses.split(url)
    if ";" in url:
        raise Refused("the address has a semicolon, at which apprise begins another parameter; write it as %3B")
    if parts.scheme not in (*HOSTED, *OWN_HOST):
        raise Refused(f"a notice's address begins with one of {', '.join((*HOSTED, *OWN_HOST))}")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(given.keys() - PARAMETERS):
        raise Refused(f"the parameters {', '.join(unknown)} are not taken; {', '.join(sorted(PARAMETERS))} are")
    if parts.scheme in OWN_HOST:
        host = given.get("smtp") or addresses.host_of(parts)
        with contextlib.suppress(OSError):  # no address under this name, which may be a domain's
            addresses.permitted(host, 0, allowed=allowed, resolver=resolver)
    if failure := _child(url, only_look=True, allowed=allowed).failure:
        raise Refused(f"apprise cannot read the address: {failure}")


def tell(url: str, *, title: str, body: str, allowed: Sequence[Network]) -> Outcome:
    """Hand it to apprise, in a process that connects to nothing but permitted addresses."""
    return _child(url, only_look=False, allowed=allowed, title=title, body=body)


def words(entry: dict[str, Any], event: Event, *, index: int, origin: str) -> tuple[str, str]:
    """Title and text: what happened in one sentence, to what and when, and where to read on."""
    kind = Kind.catalogue.get(entry["event"])
    sentence = " ".join((kind.__doc__ or "").split()) if kind else "Something happened that this version does not know."
    about = f"{entry['subject']['type'].replace('_', ' ')} {entry['subject']['id']}"
    lines = [sentence, f"{about}, at {entry['at']}; entry {index} of {origin}.", link(event)]
    return f"{entry['event']} ({origin})", "\n".join(line for line in lines if line)


def link(event: Event) -> str:
    """The page of what the event is about or, where it has none, of the event; empty without PUBLIC_URL."""
    if not settings.PUBLIC_URL:
        return ""
    path = _page(event) or reverse("admin:audit_event_change", args=[event.pk])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def _page(event: Event) -> str:
    model = trail.subjects().get(event.subject_type)
    if model is None:
        return ""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[event.subject_id])
    except NoReverseMatch:
        return ""


def _child(url: str, *, only_look: bool, allowed: Sequence[Network], title: str = "", body: str = "") -> Outcome:
    networks = [str(network) for network in allowed]
    taken = sorted(PARAMETERS)
    asked = {
        "url": url, "only_look": only_look, "allowed": networks, "parameters": taken, "title": title, "body": body
    }  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-m", "registry.services.subscriptions.telling"],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS,
            cwd=settings.BASE_DIR,
            env={"NETRC": os.devnull, **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return failed(f"Apprise took longer than {SECONDS:g} seconds.")
    if done.returncode:
        return failed(f"Apprise ended with {done.returncode}.")
    failure = json.loads(done.stdout)["failure"]
    return failed(f"Not told: {failure}.") if failure else Outcome()
