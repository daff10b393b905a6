"""Which arm answers: pure, sticky, and growing shares only ever move entities towards the canary."""

import hashlib
import secrets
from typing import Literal

Arm = Literal["champion", "canary"]
BUCKETS = 10_000


def bucket(salt: str, entity: str) -> int:
    """The entity's place among 10,000, fixed for one salt."""
    digest = hashlib.blake2b(f"{salt}:{entity}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS


def arm(salt: str, entity: str, canary_percent: int) -> Arm:
    """The arm for an entity; without an entity the draw is random, so it must stay out of sticky analyses."""
    place = bucket(salt, entity) if entity else secrets.randbelow(BUCKETS)
    return "canary" if place < canary_percent * BUCKETS // 100 else "champion"
