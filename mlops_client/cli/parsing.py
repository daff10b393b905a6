"""What the commands take: one parser, whose help is the reference."""

import argparse
from collections.abc import Callable
from typing import Any

from mlops_client.client import Client

Command = Callable[[Client, argparse.Namespace], Any]

EXIT_CODES = """\
exit codes:
  0  done
  1  the server refused, and says why
  2  the command or what it was given cannot be used
  3  not signed in, or the sign-in has expired
  4  a worker gave the work up, or it was cancelled
  5  no answer from the server
  6  a gate blocks the promotion
  130  interrupted; work that a worker has begun goes on
"""


class Group:
    """A subcommand's parser with the options that every command has."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser
        self._commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def group(self, name: str, help: str) -> "Group":
        """Commands under a noun."""
        return Group(self._commands.add_parser(name, help=help, description=help))

    def command(self, name: str, run: Any, help: str, *, signed_in: bool = True) -> argparse.ArgumentParser:
        """One command: run(client, arguments) returns what is shown."""
        description = f"{help[0].upper()}{help[1:]}."
        parser: argparse.ArgumentParser = self._commands.add_parser(
            name, help=help, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--url", help="the server; by default MLOPS_URL or where you signed in last")
        parser.add_argument("--json", action="store_true", help="print JSON, as the API has it")
        parser.set_defaults(run=run, signed_in=signed_in)
        return parser


def top() -> Group:
    """The whole program's parser, without its commands."""
    return Group(
        argparse.ArgumentParser(
            prog="mlops",
            description="Register data, train, follow, compare, ask for promotion.\n\n"
            "Wherever a record is asked for, give its id or its name; a version is name@number, or the bare name "
            "for the newest.",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )


def pairs(given: list[str] | None) -> dict[str, str]:
    """Filters as name=value. Raises ValueError, which the parser tells."""
    found = {}
    for one in given or []:
        name, equals, value = one.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"{one!r} is not name=value")
        found[name] = value
    return found
