"""Four years of real people through the live path: a trained version serves, logs, and its monitors look.

First every look of 2016 to 2018, in which nothing decays; then shifts of several kinds and sizes, moved into people of
2018 drawn anew, with monitors that know nothing yet: how many looks until the first alarm. There is no peer that does
this. REPLAY_CENSUS=file takes all rows instead of the sample that ships, REPLAY_TIMES=10 how often each shift is tried.
"""

import os
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.rig import house, tables

# isort: split
from mlops_server.demo import census
from monitoring.models import MonitorRun
from tests import replays
from tests.replays import Person, Replay

Shift = Callable[[list[Person]], list[Person]]
TIMES = int(os.environ.get("REPLAY_TIMES", 10))
YEARS = (2016, 2017, 2018)
ROWS, MOST_LOOKS = 1_000, 10
SIZES = (500, 1_000, 5_000)
KINDS = tuple(replays.WATCHED)
ALARM = MonitorRun.Verdict.ALARM


def silent(replay: Replay) -> tuple[object, ...]:
    """The looks of three years, and how many of each kind of monitor rang."""
    looks, rang = 0, Counter[str]()
    for year in YEARS:
        people = census.people(year)
        for found in replay.through(people[: len(people) // replay.rows * replay.rows]):
            looks += 1
            rang.update(kind for kind, run in found.items() if run.verdict == ALARM)
    return f"{replay.rows:,}", looks, *(rang[kind] for kind in KINDS)


def shifts() -> Iterator[tuple[str, Shift]]:
    """Each kind of shift, the smallest first."""
    for years in (2, 5, 10):
        yield f"everybody {years} years older", column("AGEP", lambda age, years=years: age + years)
    for share in (0.05, 0.1, 0.3):
        yield f"schooling missing in {share:.0%}", some(share, column("SCHL", lambda _: None))
    for share in (0.1, 0.2, 0.4):
        yield f"disability says 1 in {share:.0%}", some(share, column("DIS", lambda _: 1))
    for share in (0.05, 0.1, 0.2):
        yield f"marital status of a new kind in {share:.0%}", some(share, column("MAR", lambda _: 9))
    for share in (0.1, 0.2, 0.4):
        yield f"so many more people over 65: {share:.0%}", over_65(share)
    for share in (0.05, 0.1, 0.2):
        yield f"labels turned over in {share:.0%}", some(share, column(census.LABEL, lambda label: 1 - label))


def column(name: str, change: Callable[[Any], Any]) -> Shift:
    return lambda people: replays.moved(people, **{name: change})


def some(share: float, shift: Shift) -> Shift:
    """The shift in the first so many; people are drawn at random."""

    def shifted(people: list[Person]) -> list[Person]:
        moved = round(share * len(people))
        return shift(people[:moved]) + people[moved:]

    return shifted


def over_65(share: float) -> Shift:
    def shifted(people: list[Person]) -> list[Person]:
        old = [one for one in people if one["AGEP"] > 65]
        moved = round(share * len(people))
        return random.Random(0).choices(old, k=moved) + people[moved:]

    return shifted


def detected(replay: Replay, people: list[Person], shift: Shift) -> tuple[str, ...]:
    """Of each kind of monitor, how often it rang and the median of the looks until then."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for seed in range(TIMES):
        for kind, look in first_alarms(replay.anew(), people, shift, seed).items():
            found[kind].append(look)
    return tuple(f"{len(looks)}/{TIMES}, {statistics.median(looks):g}" if looks else "-" for looks in found.values())


def first_alarms(replay: Replay, people: list[Person], shift: Shift, seed: int) -> dict[str, int]:
    """The look in which each kind of monitor rang first, where it did."""
    chance, found = random.Random(seed), dict[str, int]()
    for look in range(1, MOST_LOOKS + 1):
        replay.answer(shift(chance.sample(people, ROWS)))
        for kind, run in replay.look().items():
            if run.verdict == ALARM:
                found.setdefault(kind, look)
        if len(found) == len(KINDS):
            break
    return found


def main() -> None:
    """Print both tables."""
    if file := os.environ.get("REPLAY_CENSUS"):
        census.FILE = Path(file)
    print(tables.machine())
    with house.database():
        head = ("rows a look", "looks", *(f"{kind}, alarms" for kind in KINDS))
        tables.show(f"Silence, {YEARS[0]} to {YEARS[-1]}", head, (silent(replays.start(rows=rows)) for rows in SIZES))
        replay, people = replays.start(rows=ROWS), census.people(2018)
        title = f"Looks of {ROWS:,} rows until an alarm: found of {TIMES} within {MOST_LOOKS} looks, median look"
        rows = ((name, *detected(replay, people, shift)) for name, shift in shifts())
        tables.show(title, ("shift", *KINDS), rows)


if __name__ == "__main__":
    main()
