"""How fast committed events get their place in the tree, how soon, and what a hash chain would cost instead.

The chain is written as well as one can: its lock is taken by the transaction's last statement, in one round trip, and
held until the commit is on the disk; its table has our columns and indexes. Ours is guarded, and its sequencer and
publisher work on the same processors. Neither seals anything here; `audit_writes.py` does.
"""

import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from audit.database import grants

os.environ["BENCH_ROLE"] = grants.SEQUENCER

from benchmarks.rig import ready  # noqa: F401

# isort: split
from django.conf import settings

from audit.signing import keys, sequencer
from audit.tlog import note
from benchmarks.rig import entries, pgbench, servers, tables

ORIGIN = settings.LOG_ORIGIN  # the sequencer's own process goes on with this log
BATCHES = tables.number("BATCHES", 12)
SECONDS = tables.number("SECONDS", 5)
ROUNDS = tables.number("ROUNDS", 3)
WRITERS = 32
EVENTS_A_SECOND = 100


def drain(signer: note.Signer) -> Iterator[float]:
    """Sequence what is pending; the events a second of each full batch."""
    while True:
        started = time.perf_counter()
        batch = sequencer.sequence(signer, origin=ORIGIN)
        if batch.events < sequencer.BATCH:
            return
        yield batch.events / (time.perf_counter() - started)


def sequencing(signer: note.Signer) -> None:
    """Full batches with nothing beside them, then beside as many writers as the processors bear."""
    rows = []
    with servers.connect() as application:
        entries.enqueue(application, BATCHES * sequencer.BATCH)
        rows.append(_row("idle", list(drain(signer))))
        entries.enqueue(application, 2 * BATCHES * sequencer.BATCH)
    writers = pgbench.start(pgbench.OURS, clients=WRITERS, seconds=SECONDS)
    time.sleep(0.5)
    rates = []
    for rate in drain(signer):
        if writers.poll() is not None:
            break
        rates.append(rate)
    rows.append(_row(f"beside {WRITERS} writers", rates))
    writers.communicate()
    list(drain(signer))
    head = ["batches of 4,096", "events a second, median", "slowest", "batches"]
    tables.show("Sequencing into PostgreSQL", head, rows)


def _row(name: str, rates: list[float]) -> list[str]:
    if not rates:
        return [name, "-", "-", "0"]
    return [name, f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f}", str(len(rates))]


def against_the_chain() -> None:
    """Rounds of each, one after the other, so that what else the machine does strikes all."""
    scripts = {"plain": pgbench.PLAIN, "ours": pgbench.OURS, "chain": pgbench.CHAIN}
    found: dict[str, list[pgbench.Result]] = {name: [] for name in scripts}
    waiting = []
    for _ in range(ROUNDS):
        for name, script in scripts.items():
            servers.wait_until_idle()
            found[name].append(pgbench.run(script, clients=WRITERS, seconds=SECONDS))
            if name == "ours":
                waiting.append(servers.pending())
    rows = []
    for name, results in found.items():
        pairs = zip(results, found["chain"], strict=True)
        rows.append(
            [
                name,
                f"{statistics.median(result.per_second for result in results):,.0f}",
                f"{statistics.median(result.latency_ms for result in results):.1f}",
                tables.median_of([result.per_second / chain.per_second for result, chain in pairs]),
            ]
        )
    head = [f"{WRITERS} writers", "transactions a second", "latency ms", "times the chain's"]
    tables.show("Asynchronous against a hash chain under a row lock", head, rows)
    print(f"\nEvents without a place when ours ended, at most: {max(waiting):,}.")


def delay() -> None:
    """From the return of a writer's commit until a signed head that includes its event can be read."""
    seen: list[tuple[float, int]] = []
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(seen, done))
    watcher.start()
    with ThreadPoolExecutor(4) as pool:
        committed = dict(one for part in pool.map(_write, range(4)) for one in part)
    time.sleep(2)
    done.set()
    watcher.join()
    with servers.connect() as connection:
        places = connection.execute(
            "SELECT id, index FROM audit_event JOIN audit_leaf USING (ticket) WHERE id = ANY(%s)", [list(committed)]
        ).fetchall()
    assert len(places) == len(committed), "An event has no place after two seconds."
    waits = [1000 * (next(at for at, size in seen if size > index) - committed[id_]) for id_, index in places]
    row = [f"{len(waits):,}", f"{tables.percentile(waits, 50):.0f}", f"{tables.percentile(waits, 99):.0f}"]
    head = ["events", "p50 ms", "p99 ms"]
    tables.show(f"From commit to signed head at {EVENTS_A_SECOND} events a second, merge delay 250 ms", head, [row])


def _watch(seen: list[tuple[float, int]], done: threading.Event) -> None:
    with servers.connect() as connection:
        while not done.wait(0.005):
            found = connection.execute("SELECT max(size) FROM audit_checkpoint").fetchone()
            size = (found and found[0]) or 0
            if not seen or size > seen[-1][1]:
                seen.append((time.perf_counter(), size))


def _write(number: int) -> list[tuple[object, float]]:
    """One of four writers, each at its share of the pace."""
    written: list[tuple[object, float]] = []
    values = "id, leaf, event, subject_type, subject_id, actor, at, request"
    with servers.connect() as connection:
        pause, next_at = 4 / EVENTS_A_SECOND, time.perf_counter() + number / EVENTS_A_SECOND
        end = next_at + 2 * SECONDS
        while next_at < end:
            time.sleep(max(0.0, next_at - time.perf_counter()))
            one = entries.row(len(written))
            given = [one.id, one.leaf, *one[3:]]
            connection.execute(f"INSERT INTO audit_event ({values}) VALUES ({', '.join(['%s'] * 8)})", given)
            written.append((one.id, time.perf_counter()))
            next_at += pause
    return written


def main() -> None:
    with servers.database():
        with servers.connect(servers.SUPERUSER) as superuser:
            superuser.execute(pgbench.CHAIN_TABLES)
            print(tables.machine(superuser))
        sequencing(note.Signer(ORIGIN, keys.private(keys.LOG)))
        with servers.sequencer():
            against_the_chain()
            delay()


if __name__ == "__main__":
    main()
