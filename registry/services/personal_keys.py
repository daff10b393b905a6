"""A person's signing key at rest: under their password, and under the data key that goes when they are erased."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from audit.sealed import datakeys
from registry import signatures
from registry.models import SigningFactor, User

SALT_BYTES, NONCE_BYTES = 16, 12
KEY, SECRET = b"registry/factor/v1/key/", b"registry/factor/v1/secret/"


class DoesNotOpen(Exception):
    """Not under this password, or not any more: the person's data key is gone."""


@sensitive_variables("password")
def wrap(account: User, key: Ed25519PrivateKey, password: str) -> bytes:
    """Twice: under the password, so that the server alone cannot sign, and under the person's data key.

    How much work the password takes stands with the key: a setting that changes later closes no key.
    """
    raw = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    power = settings.SIGNING_SCRYPT_COST.bit_length() - 1
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    inner = AESGCM(_derived(password, salt, power)).encrypt(nonce, raw, _bound(account))
    return seal(account, bytes([power]) + salt + nonce + inner, KEY)


@sensitive_variables("password", "raw", "key")
def unwrap(factor: SigningFactor, password: str) -> Ed25519PrivateKey:
    """The key whose public part the factor names. Raises DoesNotOpen."""
    whole = unseal(factor.account, bytes(factor.wrapped_key), KEY)
    power, salt, rest = whole[0], whole[1:][:SALT_BYTES], whole[1 + SALT_BYTES :]
    try:
        cipher = AESGCM(_derived(password, salt, power))
        raw = cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _bound(factor.account))
    except InvalidTag as error:
        raise DoesNotOpen("It is under another password.") from error
    key = Ed25519PrivateKey.from_private_bytes(raw)
    if signatures.public_hex(key) != factor.public_key:
        raise DoesNotOpen("It is not the key that was enrolled.")
    return key


def seal(account: User, content: bytes, purpose: bytes) -> bytes:
    """Under the person's data key, for this purpose alone."""
    nonce = os.urandom(NONCE_BYTES)
    cipher = datakeys.of(f"person:{account.pk}").cipher
    return nonce + cipher.encrypt(nonce, content, purpose + _bound(account))


def unseal(account: User, content: bytes, purpose: bytes) -> bytes:
    """Undo `seal`. Raises DoesNotOpen."""
    cipher = datakeys.of(f"person:{account.pk}").cipher
    try:
        return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], purpose + _bound(account))
    except (InvalidTag, ValueError) as error:  # ValueError: too short to be one
        raise DoesNotOpen("The person's data key is gone.") from error


def _bound(account: User) -> bytes:
    return str(account.pk).encode()


@sensitive_variables("password")
def _derived(password: str, salt: bytes, power: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**power, r=8, p=1).derive(password.encode())
