"""C2SP signed notes: text, keys and signatures, read strictly and written byte for byte.

A verifier key is ``name+hex(key id)+base64(type || key)``; the key id is SHA-256(name || 0x0A || type || key)[:4].
Type 0x01 signs the note's text; type 0x04 is a witness's cosignature, which signs a time together with the text.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from audit.tlog import signatures
from audit.tlog.errors import NoteError, SignatureError
from audit.tlog.spelling import from_base64, from_hex, to_base64

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 64
_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_LINE = re.compile("\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)")
_SKEY_PREFIX = "PRIVATE+KEY+"


class PublicKey(Protocol):
    """What a signer needs of the public half of a key."""

    def public_bytes_raw(self) -> bytes:
        """The 32 bytes of an Ed25519 key."""


class SigningKey(Protocol):
    """What a signer needs of a private key: cryptography's Ed25519 key has it, and a KMS or PKCS#11 key can."""

    def sign(self, data: bytes, /) -> bytes:
        """The 64-byte Ed25519 signature."""

    def public_key(self) -> PublicKey:
        """The public half."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A known key: a name, a signature type and 32 bytes of public key."""

    name: str
    key_type: int
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse names and keys that no note can carry."""
        _check_name(self.name)
        if self.key_type not in (ED25519, COSIGNATURE) or len(self.public_key) != 32:
            raise NoteError(f"The key of {self.name} is not an Ed25519 key of type 0x01 or 0x04.")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a verifier key. Raises NoteError if it is malformed or its key id is not that of its key."""
        parts = vkey.split("+", 2)  # base64 itself may hold a plus
        if len(parts) != 3:
            raise NoteError(f"{vkey[:200]!r} is not a verifier key: name+key id+base64.")
        raw = from_base64(parts[2], error=NoteError)
        verifier = cls(parts[0], raw[0] if raw else 0, raw[1:])
        if from_hex(parts[1], length=_KEY_ID_BYTES, error=NoteError) != verifier.key_id:
            raise NoteError(f"The verifier key of {parts[0]} has the id {verifier.key_id.hex()}, not {parts[1]}.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        material = self.name.encode() + b"\n" + bytes([self.key_type]) + self.public_key
        return hashlib.sha256(material).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The verifier key as text."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.key_type]) + self.public_key)}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check one signature over a note's text; returns the cosignature's time, if it is one. Raises NoteError."""
        prefix = _TIME_BYTES if self.key_type == COSIGNATURE else 0
        time = int.from_bytes(signature[:prefix], "big") if prefix else None
        if len(signature) != prefix + 64 or (time is not None and time >= 2**63):
            raise NoteError(f"The signature of {self.name} is not an Ed25519 signature of type 0x{self.key_type:02x}.")
        message = text.encode() if time is None else cosigned_message(text, time=time)
        try:
            signatures.verify(self.public_key, signature[prefix:], message)
        except SignatureError as problem:
            raise NoteError(f"The signature of {self.name} does not match the note.") from problem
        return time


class Signer:
    """Signs notes with an Ed25519 key under a name (type 0x01)."""

    key_type = ED25519

    def __init__(self, name: str, private_key: SigningKey) -> None:
        """Take a name and a key; the name must be one that a note can carry."""
        self.verifier = Verifier(name, self.key_type, private_key.public_key().public_bytes_raw())
        self._private_key = private_key

    @property
    def vkey(self) -> str:
        """The verifier key to publish."""
        return self.verifier.vkey

    def sign(self, text: str) -> bytes:
        """The signature bytes over a note's text, without the key id."""
        return self._private_key.sign(text.encode())


class Cosigner(Signer):
    """Signs checkpoints as a witness, at a POSIX time (type 0x04)."""

    key_type = COSIGNATURE

    def __init__(self, name: str, private_key: SigningKey, *, time: int) -> None:
        """Take a name, a key and the time to state."""
        super().__init__(name, private_key)
        self._time = time

    def sign(self, text: str) -> bytes:
        """The time and the signature over it and the checkpoint's text."""
        signature = self._private_key.sign(cosigned_message(text, time=self._time))
        return self._time.to_bytes(_TIME_BYTES, "big") + signature


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line as read: not yet believed."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that a known key made; `time` is a cosignature's."""

    verifier: Verifier
    time: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note that at least one known key signed, with what unknown keys added to it."""

    text: str
    verified: tuple[Verified, ...]
    unknown: tuple[Signature, ...]


def sign(text: str, *signers: Signer) -> bytes:
    """The note's bytes: the text and one line per signer, in the order given."""
    _check_text(text)
    return "".join([text, "\n", *(signature_line(text, signer) for signer in signers)]).encode()


def signature_line(text: str, signer: Signer) -> str:
    """One signature line with its newline; appended to a note it adds that signature."""
    verifier = signer.verifier
    return f"\u2014 {verifier.name} {to_base64(verifier.key_id + signer.sign(text))}\n"


def text_of(raw: bytes) -> str:
    """The text of a note, without looking at who signed it: only for notes that were verified when they came in."""
    return parse(raw)[0]


def parse(raw: bytes) -> tuple[str, tuple[Signature, ...]]:
    """Split a note into its text and signature lines without verifying any. Raises NoteError."""
    if len(raw) > MAX_NOTE_BYTES:
        raise NoteError(f"The note has {len(raw)} bytes, more than {MAX_NOTE_BYTES}.")
    try:
        content = raw.decode()
    except UnicodeDecodeError as problem:
        raise NoteError("The note is not UTF-8.") from problem
    text, separator, block = content.rpartition("\n\n")  # the last empty line: the text may hold others
    lines = block.split("\n")
    if not separator or lines.pop() or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise NoteError("The note is not text, an empty line and signature lines, each ended by a newline.")
    _check_text(text + "\n")
    return text + "\n", tuple(_parse_line(line) for line in lines)


def open_note(raw: bytes, verifiers: Sequence[Verifier]) -> Note:
    """Read a note and believe it. Raises NoteError if no known key signed it, or if one of their signatures is bad."""
    text, signatures = parse(raw)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified: list[Verified] = []
    unknown: list[Signature] = []
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            unknown.append(signature)
        elif any(earlier.verifier == verifier for earlier in verified):
            raise NoteError(f"The key of {verifier.name} signed the note twice.")
        else:
            verified.append(Verified(verifier, verifier.verify(text, signature.signature)))
    if not verified:
        names = ", ".join(f"{signature.name}+{signature.key_id.hex()}" for signature in signatures)
        raise NoteError(f"No known key signed the note; it is signed by {names}.")
    return Note(text, tuple(verified), tuple(unknown))


def cosigned_message(text: str, *, time: int) -> bytes:
    """What a witness signs: a header, the time and the checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def format_signing_key(name: str, seed: bytes) -> str:
    """A private key file's line, as Go's note package writes it. Keep it secret."""
    verifier = Signer(name, _private_key(seed)).verifier
    return f"{_SKEY_PREFIX}{name}+{verifier.key_id.hex()}+{to_base64(bytes([ED25519]) + seed)}"


def parse_signing_key(skey: str) -> Signer:
    """Read a private key file's line. Raises NoteError, which never quotes the key."""
    name, _, rest = skey.removeprefix(_SKEY_PREFIX).partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        raw = from_base64(encoded, error=NoteError)
    except NoteError:
        raw = b""
    if not skey.startswith(_SKEY_PREFIX) or len(raw) != 33 or raw[0] != ED25519:
        raise NoteError("The signing key is not PRIVATE+KEY+name+key id+base64 of an Ed25519 key.")
    signer = Signer(name, _private_key(raw[1:]))
    if signer.verifier.key_id.hex() != key_id:
        raise NoteError(f"The signing key of {name} does not have the key id {key_id}.")
    return signer


def _private_key(seed: bytes) -> SigningKey:
    # Imported here, because who only verifies may not have it (see audit.tlog.signatures).
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


def _parse_line(line: str) -> Signature:
    match = _LINE.fullmatch(line)
    if not match:
        raise NoteError(f"{line[:100]!r} is not a signature line.")
    _check_name(match[1])
    raw = from_base64(match[2], error=NoteError)
    if len(raw) <= _KEY_ID_BYTES:
        raise NoteError(f"The signature line of {match[1]} is too short to hold a signature.")
    return Signature(match[1], raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() or not character.isprintable() for character in name):
        raise NoteError(
            f"{name[:100]!r} is not a key name: it is empty or holds a space, a plus or a control character."
        )


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(character < " " and character != "\n" for character in text):
        raise NoteError("A note's text ends in a newline and holds no other control character.")
