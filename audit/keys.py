"""Ed25519 keys in files only their owner can read; public halves beside them as verifier keys."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

LOG = "log"


class KeyMissing(Exception):
    """The named key does not exist in SIGNING_KEY_DIR; the process that owns it makes it at its first start."""


def private(name: str) -> Ed25519PrivateKey:
    """The private key of that name, made at first use. Two processes that start at once end with the same key."""
    path = _path(name)
    if not path.exists():
        _create(path)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def public(name: str) -> bytes:
    """The raw 32-byte public key. Raises KeyMissing."""
    path = _path(name).with_suffix(".pub")
    if not path.exists():
        raise KeyMissing(f"There is no key {name!r} in SIGNING_KEY_DIR yet; start the process that signs with it.")
    return path.read_bytes()


def publish(name: str, vkey: str) -> None:
    """Write the verifier key beside the key, as the file that goes to auditors."""
    _path(name).with_suffix(".vkey").write_text(f"{vkey}\n")


def _path(name: str) -> Path:
    return Path(settings.SIGNING_KEY_DIR) / f"{name}.key"


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes_raw())
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails where another process was first: its key stands
    except FileExistsError:
        return
    finally:
        draft.unlink()
    public_key = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    path.with_suffix(".pub").write_bytes(public_key)
