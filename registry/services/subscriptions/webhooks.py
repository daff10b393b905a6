"""What a webhook says and how it is signed: https://www.standardwebhooks.com, version 1 signatures."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

PREFIX = "whsec_"
KEY_BYTES = 32


def new_secret() -> str:
    """A key in the spelling that receivers' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def body(raw: bytes, *, index: int, origin: str) -> bytes:
    """The entry's own bytes inside: what follows `"entry":` up to the last brace is the leaf that the log proves."""
    entry = json.loads(raw)
    head = {"id": entry["id"], "event": entry["event"], "index": index, "at": entry["at"], "origin": origin}
    return json.dumps(head).encode()[:-1] + b', "entry":' + raw + b"}"


def ping(identity: str, *, at: str, origin: str) -> bytes:
    """The same shape about nothing, to try the way there."""
    said: dict[str, Any] = {"id": identity, "event": "ping", "index": None, "at": at, "origin": origin, "entry": None}
    return json.dumps(said).encode()


def headers(identity: str, content: bytes, *, keys: Iterable[str], at: datetime) -> Mapping[str, str]:
    """The headers of one message, signed with every key that is valid now."""
    seconds = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "mlops-server",
        "webhook-id": identity,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signature(key, identity, seconds, content) for key in keys),
    }


def signature(secret: str, identity: str, seconds: int, content: bytes) -> str:
    """HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{identity}.{seconds}.".encode() + content, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"
