"""How long a proof takes, from PostgreSQL, as a library call: what the server does for one proof, less HTTP.

The floor beside it is the bare round trip. AUDIT_BENCH_LARGE=1 adds ten million entries, of which only every thousandth
is a row of audit_event: a proof reads hashes.
"""

import os
import random
import time
from collections.abc import Callable, Sequence

from benchmarks.rig import ready  # noqa: F401

# isort: split
from django.db import connection

from audit.signing import keys
from audit.tlog import checkpoint, merkle, note
from audit.tree import proofs
from benchmarks.rig import entries, servers, tables

ORIGIN = "example.org/benchmark"
PROOFS = tables.number("PROOFS", 3_000)
SIZES = [tables.number("ENTRIES", 1_000_000), *([10_000_000] if os.environ.get("AUDIT_BENCH_LARGE") else [])]
HEAD = ["entries", "call", "p50 ms", "p99 ms"]


def times(calls: Sequence[Callable[[], object]]) -> tuple[str, str]:
    """The median and the 99th percentile of the calls, in milliseconds; a tenth of them is made before, to warm up."""
    for call in calls[: len(calls) // 10]:
        call()
    found = []
    for call in calls:
        started = time.perf_counter()
        call()
        found.append(1000 * (time.perf_counter() - started))
    return f"{tables.percentile(found, 50):.2f}", f"{tables.percentile(found, 99):.2f}"


def measure(size: int) -> list[list[str]]:
    """The rows for a log of that size, in a database of its own."""
    signer = note.Signer(ORIGIN, keys.private(keys.LOG))
    chance = random.Random(0)
    with servers.connect(servers.SUPERUSER) as superuser:
        ids = entries.fill(superuser, size, signer, every=1 if size <= 1_000_000 else 1_000)
    asked = chance.choices(ids, k=PROOFS)
    head = proofs.latest()
    assert head is not None
    root = checkpoint.open_signed(head.note.encode(), [signer.verifier]).head.root
    _verify(proofs.consistency(size // 3, size), size // 3, size, root)
    olds = [chance.randrange(1, size) for _ in range(PROOFS)]
    cursor = connection.cursor()
    calls: dict[str, list[Callable[[], object]]] = {
        "SELECT 1, the round trip": [lambda: cursor.execute("SELECT 1")] * PROOFS,
        "inclusion, the head given": [lambda one=one: proofs.inclusion(one, head=head) for one in asked],
        "inclusion, with the newest head": [lambda one=one: proofs.inclusion(one) for one in asked],
        "consistency": [lambda old=old: proofs.consistency(old, size) for old in olds],
    }
    return [[f"{size:,}", name, *times(each)] for name, each in calls.items()]


def _verify(proof: list[bytes], old: int, new: int, root: bytes) -> None:
    """What is timed is right: the proof leads from a root that follows from it to the signed one."""
    older = proofs.tiles.tree_root(old, lambda wanted: proofs.fetch(wanted, new))
    merkle.verify_consistency(old, new, proof, older, root)


def main() -> None:
    for size in SIZES:
        with servers.database(max_wal_size="'8GB'"):
            with servers.connect() as application:
                print(tables.machine(application))
            rows = measure(size)
            connection.close()
        tables.show("Proofs from PostgreSQL", HEAD, rows)


if __name__ == "__main__":
    main()
