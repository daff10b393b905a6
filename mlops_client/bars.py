"""How a long job shows that it moves: a bar in a terminal, a bar in a notebook, or lines where neither is."""

import contextlib
import html
import sys
from collections.abc import Iterator
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from mlops_client import tables

STEP_PERCENT = 10


class Bar(Protocol):
    """Something that shows progress; write your own and give it to `follow`."""

    def move(self, percent: int, message: str) -> None:
        """It has come so far."""

    def end(self, state: str) -> None:
        """It has ended; why it failed is raised, not shown."""


@contextlib.contextmanager
def shown(show: "bool | Bar", title: str) -> Iterator[Bar]:
    """The bar that fits where the program runs, as long as the block; a quiet one for False."""
    if not isinstance(show, bool):
        yield show
    elif not show:
        yield Quiet()
    elif (display := _notebook()) is not None:
        yield NotebookBar(title, display)
    elif (console := Console(stderr=True)).is_terminal:
        with TerminalBar.running(title, console) as bar:
            yield bar
    else:
        yield PlainBar(title, sys.stderr)


class Quiet:
    """Shows nothing."""

    def move(self, percent: int, message: str) -> None: ...

    def end(self, state: str) -> None: ...


class PlainBar:
    """A line at the start, at each ten percent and at the end: for logs and pipes."""

    def __init__(self, title: str, target: TextIO) -> None:
        self._title, self._target, self._shown = title, target, -STEP_PERCENT

    def move(self, percent: int, message: str) -> None:
        if percent - self._shown >= STEP_PERCENT:
            self._shown = percent
            self._print(f"{percent}% {message}".strip())

    def end(self, state: str) -> None:
        self._print(state)

    def _print(self, words: str) -> None:
        print(f"{self._title}: {tables.plain(words)}", file=self._target, flush=True)


class TerminalBar:
    """A live line with a spinner, a bar, percent, time and the worker's words."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress, self._title = progress, title
        self._task = progress.add_task(title, total=100, message=Text(""))

    @classmethod
    @contextlib.contextmanager
    def running(cls, title: str, console: Console) -> Iterator["TerminalBar"]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[message]}", markup=False, style="dim"),
        )
        with Progress(*columns, console=console) as progress:
            yield cls(progress, title)

    def move(self, percent: int, message: str) -> None:
        self._progress.update(self._task, completed=percent, message=tables.plain(message))

    def end(self, state: str) -> None:
        completed = 100 if state == "succeeded" else None
        self._progress.update(self._task, completed=completed, message=tables.plain(state))


class NotebookBar:
    """One line of HTML that is written anew; needs no widgets."""

    def __init__(self, title: str, display: Any) -> None:
        self._title, self._display, self._handle, self._percent = title, display, None, 0

    def move(self, percent: int, message: str) -> None:
        self._percent = percent
        self._show(f"{percent}% {message}")

    def end(self, state: str) -> None:
        self._percent = 100 if state == "succeeded" else self._percent
        self._show(state)

    def _show(self, words: str) -> None:
        bar = f'<progress max="100" value="{int(self._percent)}"></progress>'
        line = {"text/html": f"{html.escape(self._title)} {bar} {html.escape(words)}", "text/plain": words}
        if self._handle is None:
            self._handle = self._display(line, raw=True, display_id=True)
        else:
            self._handle.update(line, raw=True)


def _notebook() -> Any:
    """IPython's display function where a notebook's kernel runs; None in a terminal, IPython's own included."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return sys.modules["IPython.display"].display if shell and hasattr(shell, "kernel") else None
