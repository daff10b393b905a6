"""What people see: tables in which nothing is markup, and bars for every place a program runs in."""

import io
from typing import Any

import httpx
import pytest
from rich.console import Console

from mlops_client import JobCancelled, JobFailed, bars, tables
from mlops_client.credentials import Account
from mlops_client.nouns.runs import Run
from mlops_client.session import Session

RUN = {
    "id": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01",
    "model": "m",
    "dataset_version": "d",
    "seed": 7,
    "recipe_digest": "r",
    "metrics": {},
    "model_version": None,
    "progress_message": "<b>fold</b> 1",
    "failure": "",
    "created_at": "2026-11-23T20:00:00Z",
}


def run(*steps: dict[str, Any]) -> Run:
    """A run that each look finds one step further."""
    left = [RUN | step for step in steps]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/lines"):
            line = {"id": 5, "at": "2026-11-23T20:00:01Z", "level": "error", "text": "out of memory"}
            return httpx.Response(200, json={"results": [line] if request.url.params["after"] == "0" else []})
        return httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])

    return Run.read(left[0], Session(Account("http://localhost", ""), transport=httpx.MockTransport(answer)))


def test_html_of_a_record_escapes_what_the_server_sent() -> None:
    shown = run({"state": "running"})._repr_html_()
    assert "&lt;b&gt;fold&lt;/b&gt; 1" in shown
    assert "<b>fold" not in shown


def test_terminal_table_takes_nothing_as_markup_or_control() -> None:
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    console.print(tables.as_rich(("[red]a",), [("[bold]x[/bold]\x1b[2J",)]))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[bold]x[/bold]\N{REPLACEMENT CHARACTER}[2J" in shown
    assert "[red]a" in shown


def test_follow_shows_each_step_and_returns_the_run_itself() -> None:
    steps = [{"state": "running", "progress_percent": n} for n in (0, 40, 42, 80)]
    running, target = run(*steps, {"state": "succeeded", "progress_percent": 100}), io.StringIO()
    assert running.follow(show=bars.PlainBar("run", target)) is running
    told = target.getvalue().splitlines()
    assert told == ["run: 0% <b>fold</b> 1", "run: 40% <b>fold</b> 1", "run: 80% <b>fold</b> 1", "run: succeeded"]


def test_follow_of_a_run_that_fails_raises_with_its_last_lines() -> None:
    with pytest.raises(JobFailed, match=r"too few rows\n  \| out of memory"):
        run({"state": "failed", "failure": "too few rows"}).follow(show=False)
    with pytest.raises(JobCancelled):
        run({"state": "cancelled"}).follow(show=False)


def test_terminal_bar_shows_title_percent_and_end() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    with bars.TerminalBar.running("run 1", console) as bar:
        bar.move(40, "[fold] 1")
        bar.end("failed")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(part in shown for part in ("run 1", "40%", "failed"))


def test_notebook_bar_writes_one_line_of_escaped_html_anew() -> None:
    shown: list[str] = []

    class Handle:
        def update(self, line: dict[str, str], *, raw: bool) -> None:
            shown.append(line["text/html"])

    def display(line: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        shown.append(line["text/html"])
        return Handle()

    bar = bars.NotebookBar("run <1>", display)
    bar.move(40, "<i>")
    bar.end("succeeded")
    assert shown == [
        'run &lt;1&gt; <progress max="100" value="40"></progress> 40% &lt;i&gt;',
        'run &lt;1&gt; <progress max="100" value="100"></progress> succeeded',
    ]
