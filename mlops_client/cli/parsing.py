"""What the commands take: one parser, whose help is the reference."""

import argparse
from collections.abc import Callable
from itertools import islice
from typing import Any

from mlops_client.client import Client
from mlops_client.nouns.base import Collection

Command = Callable[[Client, argparse.Namespace], Any]

EXIT_CODES = """\
exit codes:
  0  done
  1  the server refused, and says why
  2  the command or what it was given cannot be used
  3  not signed in, or the sign-in has expired
  4  a worker gave the work up, or it was cancelled
  5  no answer from the server
  6  a gate blocks the promotion, or the data break their contract
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

    def command(
        self, name: str, run: Any, help: str, *, signed_in: bool = True, judged: bool = False
    ) -> argparse.ArgumentParser:
        """One command: run(client, arguments) returns what is shown; judged: a gate or a contract may be against it."""
        description = f"{help[0].upper()}{help[1:]}."
        parser: argparse.ArgumentParser = self._commands.add_parser(
            name, help=help, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--url", help="the server; by default MLOPS_URL or where you signed in last")
        parser.add_argument("--json", action="store_true", help="print JSON, as the API has it")
        parser.set_defaults(run=run, signed_in=signed_in, judged=judged)
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


def detachable(parser: argparse.ArgumentParser) -> None:
    """The option of a command that waits for a worker."""
    parser.add_argument("--detach", action="store_true", help="do not wait for the worker; print what was asked for")


def many(listing: argparse.ArgumentParser) -> None:
    """The options of a list that may be long."""
    listing.add_argument("--where", action="append", metavar="NAME=VALUE", help="as in state=failed; more than once")
    listing.add_argument("--most", type=int, default=50, help="how many at most; 50 by default")


def chosen(rows: Collection[Any], client: Client, given: argparse.Namespace) -> list[Any]:
    """The newest rows that match; a record is named as everywhere. Raises ArgumentTypeError, ClientError."""
    found: dict[str, Collection[Any]] = {"system": client.systems, "dataset": client.datasets, "model": client.models}
    found |= {"dataset_version": client.dataset_versions, "model_version": client.versions}
    filters = {name: found[name].get(value) if name in found else value for name, value in pairs(given.where).items()}
    return list(islice(rows.all(**filters), given.most))


def pairs(given: list[str] | None) -> dict[str, str]:
    """Filters as name=value. Raises ArgumentTypeError."""
    found = {}
    for one in given or []:
        name, equals, value = one.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"{one!r} is not name=value")
        found[name] = value
    return found
