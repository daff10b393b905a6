"""The looks of a monitor over time: the figure that decided each, drawn and as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models.fields.json import KeyTransform
from django.utils.safestring import SafeString

from audit.pages import show
from monitoring.models import Monitor, MonitorRun
from registry.admin.evidence import figures
from registry.admin.pictures import shown, times
from registry.admin.pictures.times import Look

LOOKS = 60
WAITING = 5
HEADERS = ("Looked", "Verdict", "Figure", "Limit", "n", "Impact", "Why")


def newest(monitor: Monitor) -> list[MonitorRun]:
    """The newest looks that came to a verdict, the newest first, each with the figure that decided it as `main`.

    Where none has, the newest few of those that waited for rows. No report is read whole.
    """
    found = monitor.runs.select_related("monitor__slot").annotate(main=KeyTransform("main", "report")).defer("report")
    return list(found.exclude(verdict=MonitorRun.Verdict.NOT_EVALUABLE)[:LOOKS]) or list(found[:WAITING])


def history(runs: Sequence[MonitorRun]) -> SafeString:
    """The decisive figure of each look with its interval, what rang marked; the looks themselves below it."""
    looks = [_look(run) for run in reversed(runs) if _value(run) is not None]
    if not looks:
        return table(runs)
    last = next(main(run) for run in runs if _value(run) is not None)
    name, limit = _named(str(last.get("name") or "figure")), last.get("limit")
    rang = sum(look.rang for look in looks)
    title = f"{name} of {len(looks)} looks, {rang} of which rang; the table below has every value."
    return shown.figure(name, times.history(title, name, looks, limit=limit), table(runs))


def table(runs: Sequence[MonitorRun]) -> SafeString:
    """One line a look."""
    return show.table(
        HEADERS,
        [
            [
                show.row(run, show.moment(run.window_to)),
                show.chip(run.verdict, show.said(run, "verdict")),
                figure(run),
                main(run).get("limit"),
                run.n,
                run.impact,
                run.reason,
            ]
            for run in runs
        ],
        empty="It has not looked yet. Wait for its next look, or ask for one below.",
    )


def figure(run: MonitorRun) -> SafeString:
    """The figure that decided the look, with its interval."""
    decisive = main(run)
    return show.interval(decisive.get("value"), decisive.get("low"), decisive.get("high"))


def main(run: MonitorRun) -> Mapping[str, Any]:
    """What decided a look: name, value, low, high, limit; empty where nothing could be evaluated."""
    return getattr(run, "main", None) or {}


def _named(main: str) -> str:
    """`psi AGEP` as a reader writes it: the metric in words, the column or group as it is."""
    metric, _, rest = main.partition(" ")
    return f"{figures.name(metric)} {rest}".strip()


def _value(run: MonitorRun) -> float | None:
    return main(run).get("value")


def _look(run: MonitorRun) -> Look:
    decisive = main(run)
    rang = run.verdict == MonitorRun.Verdict.ALARM
    return Look(run.window_to, decisive["value"], decisive.get("low"), decisive.get("high"), rang)
