"""Markdown tables, and the few statistics that stand in them."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence

import psutil
import psycopg


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print one table, each row as soon as it is there."""
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def median_of(values: Sequence[float]) -> str:
    """The median with the spread of the rounds."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def number(name: str, default: int) -> int:
    """A size that the environment may set: ``AUDIT_BENCH_ROUNDS=2``."""
    return int(os.environ.get(f"AUDIT_BENCH_{name}", default))


def machine(connection: psycopg.Connection | None = None) -> str:
    """What the figures were measured on."""
    busy = psutil.getloadavg()[0]
    words = f"{os.cpu_count()} processors, Python {platform.python_version()}, load before the start {busy:.1f}"
    if connection is not None:
        words += f", PostgreSQL {connection.info.server_version // 10000}"
        words += f", fsync {connection.execute('SHOW fsync').fetchone()[0]}"
    return words
