"""Addresses and HMAC keys of subscriptions, encrypted where they stand."""

import json
import os
from datetime import datetime

from cryptography.exceptions import InvalidTag
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit.sealed import datakeys
from registry.models import Subscription

KEY_ID_BYTES, NONCE_BYTES = 8, 12
_HEAD_BYTES = KEY_ID_BYTES + NONCE_BYTES


@sensitive_variables("target")
def put_target(subscription: Subscription, target: str) -> None:
    """Keep the address."""
    subscription.target = _seal(subscription, "target", target)


def target(subscription: Subscription) -> str:
    """The address as it was given. Raises KeyUnusable."""
    return _open(subscription, "target", bytes(subscription.target))


@sensitive_variables("secret", "kept")
def put_secret(subscription: Subscription, secret: str, *, old_until: datetime | None = None) -> None:
    """Sign with this key from now on, and until then with those before it too."""
    kept = [(key, until or old_until) for key, until in _keys(subscription)] if old_until else []
    written = [(key, until.isoformat() if until else None) for key, until in [(secret, None), *kept]]
    subscription.secret = _seal(subscription, "secret", json.dumps(written))


def keys(subscription: Subscription) -> list[str]:
    """What a webhook is signed with now, the newest first. Raises KeyUnusable."""
    return [key for key, _ in _keys(subscription)]


def _keys(subscription: Subscription) -> list[tuple[str, datetime | None]]:
    """The keys that are valid now, each with its end."""
    if not subscription.secret:
        return []
    stored = json.loads(_open(subscription, "secret", bytes(subscription.secret)))
    found = [(key, datetime.fromisoformat(until) if until else None) for key, until in stored]
    return [(key, until) for key, until in found if until is None or until > timezone.now()]


@sensitive_variables("content")
def _seal(subscription: Subscription, column: str, content: str) -> bytes:
    """Under the key of what is about nobody: it is never destroyed, and is wrapped anew with all others."""
    key, nonce = datakeys.of("", again=True), os.urandom(NONCE_BYTES)
    sealed = key.cipher.encrypt(nonce, content.encode(), _place(subscription, column))
    return key.id.to_bytes(KEY_ID_BYTES) + nonce + sealed


def _open(subscription: Subscription, column: str, sealed: bytes) -> str:
    key, nonce, content = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:][:NONCE_BYTES], sealed[_HEAD_BYTES:]
    cipher = datakeys.by_id(int.from_bytes(key))
    if cipher is None:
        raise datakeys.KeyUnusable(f"The {column} of subscription {subscription.pk} is under a key that is gone.")
    try:
        return cipher.decrypt(nonce, content, _place(subscription, column)).decode()
    except (InvalidTag, ValueError) as error:
        raise datakeys.KeyUnusable(f"The {column} of subscription {subscription.pk} does not open.") from error


def _place(subscription: Subscription, column: str) -> bytes:
    """What binds the bytes to their row and column."""
    return f"registry/subscription/v1/{subscription.pk}/{column}".encode()
