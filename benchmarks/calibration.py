"""Whether what is promised is kept, by simulation: p-values where nothing differs, intervals, alarms over time.

Every share stands with the 95 % interval that the number of simulations leaves (Wilson's). `CALIBRATION_SHARE=0.1` does
a tenth of the simulations.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.rig import promises
from benchmarks.rig.tables import machine, show
from monitoring.kernels import anderson_darling, chi_square, cramer_von_mises, energy, g_test, ks, mmd, unseen
from monitoring.kernels.pairs import pair
from monitoring.kernels.prepared import prepare
from monitoring.measures import drift, intervals, profiles, sequential
from monitoring.measures.sequential import Evidence

Random = np.random.Generator

LEVELS = (0.01, 0.05, 0.10)
SHARE = float(os.environ.get("CALIBRATION_SHARE", 1.0))


def main() -> None:
    """Print the tables."""
    started = time.perf_counter()
    print(machine())
    head = ("test", "rows in each sample", "simulations", *(f"p at most {level:g}" for level in LEVELS))
    show("P-values where both samples come from one distribution", head, p_values())
    head = ("figure", "rows", "simulations", "the interval holds the truth")
    show("Intervals that promise 95 %", head, coverage())
    head = ("columns", "rows of the window", "looks", "called drift", "a column adjusted at 0.05, whatever its effect")
    show("One look where nothing drifted, against a reference of 20,000 rows", head, looks())
    head = ("rows of the window", "looks", "false among the called", "drifted columns called",
            "false among those adjusted at 0.05", "drifted among them")  # fmt: skip
    show("Ten of 50 columns drifted by 0.6 standard deviations", head, discoveries())
    head = ("p-values", "promised looks between false alarms", "runs", "looks until one, on average", "least tenth")
    show("Evidence over time where nothing changes", head, waits())
    print(f"\n{time.perf_counter() - started:.0f} s")


def times(most: int) -> int:
    return max(20, round(most * SHARE))


def share(hits: int, n: int) -> str:
    low, high = intervals.wilson(hits, n, 0.95)
    return f"{hits / n:.2%} ({low:.2%} to {high:.2%})"


# P-values


def p_values() -> Iterator[tuple[str, ...]]:
    for name, size, most, tested in TESTS:
        random, found = np.random.default_rng(7), []
        for _ in range(times(most)):
            found.append(tested(random, size))
        reached = [share(int(np.sum(np.array(found) <= level)), len(found)) for level in LEVELS]
        yield name, f"{size:,}", f"{len(found):,}", *reached


def sorted_test(compare: Callable[..., object]) -> Callable[[Random, int], float]:
    def tested(random: Random, size: int) -> float:
        samples = pair(prepare(random.normal(size=size)), prepare(random.normal(size=size)))
        return float(compare(samples).p_value)  # type: ignore[attr-defined]

    return tested


def counted_test(test: Callable[..., object], levels: int) -> Callable[[Random, int], float]:
    def tested(random: Random, size: int) -> float:
        weights = 1.0 / np.arange(1.0, levels + 1.0)
        return float(test(*random.multinomial(size, weights / weights.sum(), size=2)).p_value)  # type: ignore[attr-defined]

    return tested


def whole_rows(method: object) -> Callable[[Random, int], float]:
    def tested(random: Random, size: int) -> float:
        reference = method.prepare(random.normal(size=(size, 3)))  # type: ignore[attr-defined]
        return float(method.compare(reference, random.normal(size=(size, 3)), permutations=99).p_value)  # type: ignore[attr-defined]

    return tested


TESTS = [
    ("Kolmogorov-Smirnov", 200, 4_000, sorted_test(ks.compare)),
    ("Kolmogorov-Smirnov", 5_000, 4_000, sorted_test(ks.compare)),
    ("Cramer-von Mises", 200, 4_000, sorted_test(cramer_von_mises.compare)),
    ("Cramer-von Mises", 5_000, 4_000, sorted_test(cramer_von_mises.compare)),
    ("Anderson-Darling", 200, 4_000, sorted_test(anderson_darling.compare)),
    ("Anderson-Darling", 5_000, 4_000, sorted_test(anderson_darling.compare)),
    ("chi-square, 8 categories", 200, 8_000, counted_test(chi_square.test, 8)),
    ("chi-square, 8 categories", 5_000, 8_000, counted_test(chi_square.test, 8)),
    ("chi-square, 50 categories, many rare", 200, 400, counted_test(chi_square.test, 50)),
    ("G, 8 categories", 200, 8_000, counted_test(g_test.test, 8)),
    ("G, 8 categories", 5_000, 8_000, counted_test(g_test.test, 8)),
    ("G, 50 categories, many rare", 200, 400, counted_test(g_test.test, 50)),
    ("rows in new categories, 500 of them", 200, 4_000, counted_test(unseen.test, 500)),
    ("maximum mean discrepancy, 99 permutations", 200, 1_000, whole_rows(mmd)),
    ("maximum mean discrepancy, 99 permutations", 1_000, 200, whole_rows(mmd)),
    ("energy distance, 99 permutations", 200, 1_000, whole_rows(energy)),
    ("energy distance, 99 permutations", 1_000, 200, whole_rows(energy)),
]


# Intervals


def coverage() -> Iterator[tuple[str, ...]]:
    for rows, most, held in promises.KEPT:
        random = np.random.default_rng(11)
        many = [one for _ in range(times(most)) for one in held(random)]
        for name in dict.fromkeys(name for one in many for name in one):
            kept = [one[name] for one in many if name in one]
            yield name, rows, f"{len(kept):,}", share(sum(kept), len(kept))


# Alarms


def table(random: Random, n: int, columns: int, moved: int = 0) -> dict[str, NDArray[np.generic]]:
    """A third of the columns each normal, lognormal and of six categories; the first are moved."""
    made: dict[str, NDArray[np.generic]] = {}
    for place in range(columns):
        value = random.normal(0.6 * (place < moved), 1.0, n)
        kinds = (value, np.exp(value), np.digitize(value, (-1.5, -0.7, 0.0, 0.7, 1.5)))
        made[f"c{place}"] = kinds[place % 3]
    return made


def profile_of(random: Random, columns: int) -> profiles.Profile:
    kinds = {f"c{place}": ("numeric", "numeric", "categorical")[place % 3] for place in range(columns)}
    return profiles.make(table(random, 20_000, columns), kinds)  # type: ignore[arg-type]


def looks() -> Iterator[tuple[str, ...]]:
    for columns, rows, most in ((10, 500, 1_000), (10, 5_000, 600), (50, 500, 400), (50, 5_000, 200)):
        random = np.random.default_rng(5)
        called, small, n = 0, 0, times(most)
        for look in range(n):
            if look % 20 == 0:
                profile = profile_of(random, columns)
            report = drift.drift(profile, table(random, rows, columns))
            called += report.verdict == "drift"
            small += min(one.adjusted_p for one in report.columns) <= 0.05
        yield str(columns), f"{rows:,}", f"{n:,}", share(called, n), share(small, n)


def discoveries() -> Iterator[tuple[str, ...]]:
    for rows in (500, 5_000):
        random, n = np.random.default_rng(9), times(100)
        profile, found = profile_of(random, 50), []
        for _ in range(n):
            report = drift.drift(profile, table(random, rows, 50, moved=10))
            for called in ([one.drifted for one in report.columns], [one.adjusted_p <= 0.05 for one in report.columns]):
                names = {one.column.name for one, yes in zip(report.columns, called, strict=True) if yes}
                true = len(names & {f"c{place}" for place in range(10)})
                found.append(((len(names) - true) / max(1, len(names)), true / 10))
        mean = np.array(found).reshape(n, 4).mean(axis=0)
        yield f"{rows:,}", str(n), *(f"{one:.1%}" for one in mean)


def waits() -> Iterator[tuple[str, ...]]:
    for between, most in ((20, 2_000), (100, 1_000), (1_000, 200)):
        yield waited("uniform", between, most, lambda random: lambda: float(np.log10(1.0 - random.random())))
    for rows in (200, 1_000, 5_000):
        name = f"Kolmogorov-Smirnov, one reference of 5,000 rows, windows of {rows:,}"
        yield waited(name, 100, 80, lambda random, rows=rows: tested_again(random, rows))  # type: ignore[misc]


def waited(name: str, between: int, most: int, looking: Callable[[Random], Callable[[], float]]) -> tuple[str, ...]:
    """Runs end at twenty times the promise, so that the average is rather too small."""
    random, found = np.random.default_rng(13), []
    for _ in range(times(most)):
        evidence, look = Evidence(), looking(random)
        while evidence.looks < 20 * between and not sequential.rings(evidence, looks_between=between):
            evidence = sequential.weigh(evidence, look())
        found.append(evidence.looks)
    return name, f"{between:,}", f"{len(found):,}", f"{np.mean(found):,.0f}", f"{np.quantile(found, 0.1):,.0f}"


def tested_again(random: Random, rows: int) -> Callable[[], float]:
    """Looks at fresh windows against one reference, by their uniform ranks: Kolmogorov-Smirnov asks for no more."""
    reference = prepare(random.random(5_000))
    return lambda: float(ks.compare(pair(reference, prepare(random.random(rows)))).log10_p or 0.0)


if __name__ == "__main__":
    main()
