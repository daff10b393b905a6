"""Signing keys: in files only their owner can read, in the environment, or in a device behind a factory.

They are Ed25519, but for those made for formats of others that know none: these are ECDSA on P-256.
The log may have several, numbered: `log.key`, `log.2.key`, ... Which of them sign is for the log's own events to say.
"""

import base64
import binascii
import importlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

from audit.tlog import note

LOG = "log"


class KeyMissing(Exception):
    """The named key does not exist in SIGNING_KEY_DIR; the process that owns it makes it at its first start."""


class KeyUnusable(Exception):
    """LOG_SIGNING_KEY or LOG_KEY_FACTORY gives no Ed25519 key, or a file holds a key of another kind."""


def private(name: str) -> Ed25519PrivateKey:
    """The private key of that name, made at first use. Two processes that start at once end with the same key."""
    path = _path(name)
    if not path.exists():
        _create(path, Ed25519PrivateKey.generate().private_bytes_raw())
    key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    if not path.with_suffix(".pub").exists():
        _write(path.with_suffix(".pub"), key.public_key().public_bytes_raw())
    return key


def ecdsa(name: str) -> EllipticCurvePrivateKey:
    """The same on P-256: the private half in PKCS #8, the public one in PEM, as tools of others read it."""
    path = _path(name)
    if not path.exists():
        _create(
            path, generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise KeyUnusable(f"{path.name} is no ECDSA key.")
    if not path.with_suffix(".pub").exists():
        _write(path.with_suffix(".pub"), pem(key.public_key()))
    return key


def pem(key: EllipticCurvePublicKey | Ed25519PublicKey) -> bytes:
    """A public key as PEM (SubjectPublicKeyInfo)."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public(name: str) -> bytes:
    """The raw 32-byte public key. Raises KeyMissing."""
    path = _path(name).with_suffix(".pub")
    if not path.exists():
        raise KeyMissing(f"There is no key {name!r} in SIGNING_KEY_DIR yet; start the process that signs with it.")
    return path.read_bytes()


def publish(name: str, *vkeys: str) -> None:
    """Write the verifier keys beside the key, one a line, as the file that goes to auditors."""
    _write(_path(name).with_suffix(".vkey"), "".join(f"{vkey}\n" for vkey in vkeys).encode())


def log_keys() -> list[note.SigningKey]:
    """The log's private keys that this process can use, the oldest first; only the sequencer may ask.

    From LOG_KEY_FACTORY if it is set, else from LOG_SIGNING_KEY, else the files. Raises KeyUnusable.
    """
    if settings.LOG_KEY_FACTORY:
        return _made(settings.LOG_KEY_FACTORY)
    if settings.LOG_SIGNING_KEY:
        return [_from_seed(seed) for seed in settings.LOG_SIGNING_KEY.split()]
    return [private(name) for name in [LOG, *_numbered()]]


def new_log_key() -> note.SigningKey:
    """The next numbered key file. Raises KeyUnusable where the keys are kept elsewhere: there a person adds it."""
    if settings.LOG_KEY_FACTORY or settings.LOG_SIGNING_KEY:
        raise KeyUnusable(
            "The log's keys are not files: add the new one to LOG_SIGNING_KEY, or to what LOG_KEY_FACTORY returns."
        )
    last = _numbered()[-1:] or [f"{LOG}.1"]
    return private(f"{LOG}.{int(last[0].rpartition('.')[2]) + 1}")


def raw_public(key: note.SigningKey) -> bytes:
    """The 32 bytes of a key's public half."""
    return key.public_key().public_bytes_raw()


def _numbered() -> list[str]:
    """Names of the later log keys, in the order of their numbers."""
    names = (path.stem for path in Path(settings.SIGNING_KEY_DIR).glob(f"{LOG}.*.key"))
    numbers = sorted(int(number) for name in names if (number := name.removeprefix(f"{LOG}.")).isdecimal())
    return [f"{LOG}.{number}" for number in numbers]


def _made(path: str) -> list[note.SigningKey]:
    module, _, function = path.partition(":")
    try:
        made = getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError, ValueError) as problem:
        raise KeyUnusable(f"LOG_KEY_FACTORY must be package.module:function; {path!r} is not: {problem}") from problem
    found = list(made) if isinstance(made, Sequence) else [made]
    if not found or any(len(raw_public(key)) != 32 for key in found):
        raise KeyUnusable(f"{path} must return a key with sign() and public_key(), or a list of them.")
    return found


def _from_seed(seed: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed, validate=True))
    except (binascii.Error, ValueError):
        # `from None`: the original would quote the key into a traceback.
        raise KeyUnusable("LOG_SIGNING_KEY must be the base64 of 32 bytes, or several, separated by spaces.") from None


def _path(name: str) -> Path:
    return Path(settings.SIGNING_KEY_DIR) / f"{name}.key"


def _create(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, content, mode=0o600)
    try:
        os.link(draft, path)  # fails where another process was first: its key stands
    except FileExistsError:
        return
    finally:
        draft.unlink()
    _sync(path.parent)


def _write(path: Path, data: bytes) -> None:
    """In one step: another process may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists() or path.read_bytes() != data:
        _draft(path, data, mode=0o644).rename(path)


def _draft(path: Path, data: bytes, *, mode: int) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")  # other threads may be making the same file
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
