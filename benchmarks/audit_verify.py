"""Verifying a whole log: published files and the live database, against the bare hashing of the same bytes.

The floor is a loop of hashlib over the entries in memory: every leaf, every node of the tree, and nothing else. The
limit is SHA-256 on one large buffer, in blocks, on every processor: no Python can be there. The self-check compares
each column, hash and tile; there are no seals to open and no governed rows, so that entries are what is measured.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rig import ready  # noqa: F401

# isort: split
from django.conf import settings

from audit.signing import keys
from audit.tlog import checkpoint, note, parallel, tiles
from benchmarks.rig import entries, servers, tables

ORIGIN = settings.LOG_ORIGIN
ENTRIES = tables.number("ENTRIES", 1_000_000)
LIVE_ENTRIES = tables.number("LIVE_ENTRIES", 300_000)
PROCESSES = parallel.processors()
# Each verification in a process of its own, which says how long it took and how much memory it and its workers had.
_MEASURED = """
import json, re, resource, time
{setup}
started = time.perf_counter()
{work}
seconds = time.perf_counter() - started
own = int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])  # rusage remembers the parent's
print(json.dumps([seconds, own / 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
"""
_EXPORT = (
    "from audit.tlog import logcheck, note, parallel, sources, trust, verify",
    """
trusted = trust.Trust((note.Verifier.parse({vkey!r}),))
question = logcheck.Question(trusted, jobs={jobs}, parse={parse}, method=parallel.FORK)
report = verify.verify_log(sources.Directory({folder!r}), question)
assert report.clean and report.proven["entry"] == {size}, report.lines()
""",
)
_LIVE = (
    "from benchmarks.rig import ready\nfrom audit.watch import selfcheck",
    """
result = selfcheck.run(jobs={jobs})
assert result.complete and not result.findings and result.entries == {size}, result
""",
)


def publish(folder: Path, signer: note.Signer) -> bytes:
    """Write a log of a million entries as the publisher does; returns its bundles' bytes."""
    edge: list[list[bytes]] = []
    bundle: list[bytes] = []
    whole, hashes = [], []
    for leaf in entries.leaves(ENTRIES):
        bundle.append(leaf)
        hashes.append(hashlib.sha256(b"\0" + leaf).digest())
        if len(bundle) == tiles.WIDTH:
            whole.append(tiles.encode_bundle(bundle))
            _write(folder / tiles.bundle_path(len(whole) - 1), whole[-1])
            bundle = []
    if bundle:
        whole.append(tiles.encode_bundle(bundle))
        _write(folder / tiles.bundle_path(len(whole) - 1, len(bundle)), whole[-1])
    grown = tiles.append(edge, 0, hashes)
    for tile in grown.full_tiles:
        _write(folder / tiles.tile_path(tile.level, tile.n), tile.data)
    for level, row in enumerate(grown.edge):
        if row:
            width = tiles.width_of(level, n := (grown.size >> 8 * level) // tiles.WIDTH, grown.size)
            _write(folder / tiles.tile_path(level, n, width), tiles.encode_tile(row))
    head = checkpoint.Checkpoint(ORIGIN, grown.size, grown.root)
    _write(folder / "checkpoint", note.sign(head.text(), signer))
    return b"".join(whole)


def floor(raw: bytes) -> float:
    """Seconds to hash every entry and the tree above, in one process, from memory."""
    started = time.perf_counter()
    sha256, row, place = hashlib.sha256, [], 0
    while place < len(raw):
        end = place + 2 + (raw[place] << 8 | raw[place + 1])
        row.append(sha256(b"\0" + raw[place + 2 : end]).digest())
        place = end
    while len(row) > 1:
        pairs = [sha256(b"\1" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)]
        row = [*pairs, *row[len(row) // 2 * 2 :]]
    return time.perf_counter() - started


def limit(raw: bytes) -> float:
    """Seconds that the blocks of all leaves and nodes take where nothing but SHA-256 runs, on every processor."""
    sample = bytes(64 * 1024 * 1024)
    started = time.perf_counter()
    hashlib.sha256(sample).digest()
    block = (time.perf_counter() - started) / (len(sample) // 64)
    leaf = len(raw) // ENTRIES - 2
    blocks = (1 + leaf + 9 + 63) // 64 + 2  # padding; a node is two blocks, and there is one for every leaf
    return ENTRIES * blocks * block / PROCESSES


def measured(parts: tuple[str, str], **values: object) -> tuple[float, float, float]:
    """Seconds, and the peak memory in MB of the process and of its largest worker."""
    setup, work = parts
    script = _MEASURED.format(setup=setup, work=work.format(**values))
    done = subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True)
    seconds, own, worker = json.loads(done.stdout.splitlines()[-1])
    return seconds, own, worker


def exported(folder: Path, signer: note.Signer) -> None:
    """The rows of the first table."""
    raw = publish(folder, signer)
    bare = floor(raw)
    rows = [_row("hashlib alone, from memory, 1 process", bare, bare)]
    for jobs in sorted({1, PROCESSES}):
        for parse in (False, True):
            seconds, own, worker = measured(
                _EXPORT, vkey=signer.vkey, jobs=jobs, parse=parse, folder=str(folder), size=ENTRIES
            )
            name = f"{'every entry read' if parse else 'hashes only'}, {jobs} process{'es' * (jobs > 1)}"
            rows.append([*_row(name, seconds, bare)[:-1], f"{own:.0f} + {jobs if jobs > 1 else 0} x {worker:.0f}"])
    rows.append(_row(f"SHA-256 alone, {PROCESSES} processes", limit(raw), bare))
    size = f"{ENTRIES:,} entries of {len(raw) // ENTRIES - 2} bytes"
    head = ["published files", "seconds", "entries a second", "hashlib's time / its", "peak MB"]
    tables.show(f"Verifying {size}", head, rows)


def _row(name: str, seconds: float, bare: float) -> list[str]:
    return [name, f"{seconds:.2f}", f"{ENTRIES / seconds:,.0f}", f"{bare / seconds:.2f}", ""]


def live(signer: note.Signer) -> None:
    """The rows of the second table."""
    with servers.connect(servers.SUPERUSER) as superuser:
        entries.fill(superuser, LIVE_ENTRIES, signer)
    rows = []
    for jobs in sorted({1, PROCESSES}):
        seconds, own, worker = measured(_LIVE, jobs=jobs, size=LIVE_ENTRIES)
        memory = f"{own:.0f} + {jobs if jobs > 1 else 0} x {worker:.0f}"
        rows.append([f"{jobs} process{'es' * (jobs > 1)}", f"{seconds:.2f}", f"{LIVE_ENTRIES / seconds:,.0f}", memory])
    head = ["live database, every column", "seconds", "entries a second", "peak MB"]
    tables.show(f"The self-check of {LIVE_ENTRIES:,} entries", head, rows)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> None:
    print(tables.machine())
    folder = Path(tempfile.mkdtemp(prefix="mlops-bench-log-"))
    try:
        with servers.database(max_wal_size="'8GB'"):
            signer = note.Signer(ORIGIN, keys.private(keys.LOG))
            exported(folder, signer)
            live(signer)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
