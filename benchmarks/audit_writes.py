"""A write with its audit event against the same write without, and against what Django's history packages do to it.

Every variant stores the same model in one transaction. Each round runs all of them, in an order of its own; a slowdown
is that of one round, plain writes a second over the variant's. Sequencer and publisher run beside ours, and rest while
the others are measured. Eight clients are two processes with four threads, as `make run` serves.
"""

import random
import statistics

from benchmarks.rig import servers, tables
from benchmarks.rig.clients import NOTHING, Crew, Work, crew, work

ROUNDS = tables.number("ROUNDS", 7)
SECONDS = tables.number("MILLISECONDS", 700) / 1000
CELLS = [(operation, clients) for operation in ("create", "update") for clients in (1, 8)]
VARIANTS = ["plain", "ours", "ours, with a reason"]
PEERS = ["django-simple-history", "django-auditlog", "django-pghistory, context"]
Found = dict[tuple[str, str, int], list[Work]]


def measure(ends: Crew) -> Found:
    """What every variant did in every cell, by round."""
    found: Found = {}
    order = random.Random(0)
    for _ in range(ROUNDS):
        for operation, clients in CELLS:
            for variant in order.sample(VARIANTS + PEERS, len(VARIANTS + PEERS)):
                servers.wait_until_idle()
                done = work(ends, clients, variant, operation, SECONDS)
                found.setdefault((variant, operation, clients), []).append(done)
    return found


def ratios(found: Found, slow: str, fast: str, operation: str, clients: int) -> list[float]:
    """How many times faster one variant was than another, in each round."""
    pairs = zip(found[fast, operation, clients], found[slow, operation, clients], strict=True)
    return [one.rate / other.rate for one, other in pairs]


def processor(found: Found, variant: str, operation: str, clients: int) -> str:
    """The processor time of one write in microseconds, over all rounds: the client's and its server process's."""
    total = sum(found[variant, operation, clients], NOTHING)
    return f"{1e6 * total.client / total.writes:.0f} + {1e6 * total.server / total.writes:.0f}"


def main() -> None:
    with servers.database():
        with servers.connect() as connection:
            print(tables.machine(connection))
        with servers.sequencer(), crew() as ends:
            found = measure(ends)
    head = [f"{operation}, {clients} client{'s' * (clients > 1)}" for operation, clients in CELLS]
    rows = [
        [
            "plain, writes a second",
            *(f"{statistics.median(done.rate for done in found['plain', *cell]):.0f}" for cell in CELLS),
        ]
    ]
    for variant in [*VARIANTS[1:], *PEERS]:
        rows.append([variant, *(tables.median_of(ratios(found, variant, "plain", *cell)) for cell in CELLS)])
    tables.show("Times slower than plain: median of the rounds (lowest to highest)", ["variant", *head], rows)
    rows = [
        [f"{peer} / ours", *(tables.median_of(ratios(found, peer, "ours", *cell)) for cell in CELLS)] for peer in PEERS
    ]
    tables.show("Times faster than a peer", ["", *head], rows)
    rows = [[variant, *(processor(found, variant, *cell) for cell in CELLS)] for variant in [*VARIANTS, *PEERS]]
    title = "Processor microseconds of one write, client + PostgreSQL, less sensitive to what else the machine does"
    tables.show(title, ["variant", *head], rows)


if __name__ == "__main__":
    main()
