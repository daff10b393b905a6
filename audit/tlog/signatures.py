"""The one door to verifying Ed25519: by `cryptography` where it is installed, in plain Python where it is not.

Both engines answer alike: what libraries disagree about is refused before either of them looks.
"""

from audit.tlog import ed25519
from audit.tlog.errors import SignatureError

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check a signature. Raises SignatureError for a wrong one and for keys and signatures of a second spelling."""
    if not HAS_CRYPTOGRAPHY:
        ed25519.verify(public_key, signature, message)
        return
    ed25519.check_encoding(public_key, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature as problem:
        raise SignatureError("The Ed25519 signature does not belong to this key and message.") from problem
