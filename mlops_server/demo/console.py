"""What the demo shows while it runs, and the table at its end."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console as RichConsole
from rich.table import Table

from mlops_server.demo.accounts import Pocket


@dataclass
class Console:
    """Lines as they happen, collected for the table."""

    base: str
    pockets: dict[str, Pocket]
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    chapter: str = ""

    def __post_init__(self) -> None:
        self._out = RichConsole(file=sys.stdout, soft_wrap=True, highlight=False)

    def begin(self, title: str) -> None:
        """Open a chapter."""
        self.chapter = title.partition(".")[0]
        self._out.print(f"[bold]{title}[/bold]")

    def line(self, what: str, url: str) -> None:
        """Tell and keep one line."""
        self.lines.append((self.chapter, what, f"{self.base}{url}" if url else ""))
        self._out.print(f"   {what}", markup=False)

    def progress(self, what: str) -> Callable[[int, str], None]:
        """Shows a step only where it moved on by a quarter or more."""
        shown = -25

        def report(percent: int, message: str) -> None:
            nonlocal shown
            if percent - shown >= 25 or (percent == 100 and shown != 100):
                shown = percent
                self._out.print(f"      {what}: {percent}% {message}", style="dim", markup=False)

        return report

    def credentials(self, who: str) -> dict[str, str]:
        """What a person types at each signature: the password again, and a new one-time code."""
        return {"password": self.pockets[who].password, "code": self.pockets[who].code()}

    def table(self) -> None:
        """The whole story with its addresses."""
        table = Table("", "What happened", "Where to read it", title="The demo", show_lines=False)
        for row in self.lines:
            table.add_row(*row)
        RichConsole(file=sys.stdout, width=max(self._out.width, 160)).print(table)
