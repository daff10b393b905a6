"""Commands about sources."""

import argparse
import sys
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group, chosen, detachable, many, pairs
from mlops_client.client import Client


def add(commands: Group) -> None:
    """sources."""
    sources = commands.group("sources", "places that workers read a dataset's versions from")
    many(sources.command("list", lambda client, given: chosen(client.sources, client, given), "list sources"))
    sources.command(
        "show", lambda client, given: client.sources.get(given.source), "show a source and its newest readings"
    ).add_argument("source")
    register = sources.command("register", _register, "read a dataset's versions from a place")
    register.add_argument("dataset")
    register.add_argument("name")
    register.add_argument("kind", help="files, database, http or stream")
    register.add_argument("settings", metavar="FILE", help="JSON or YAML: what to read; never a credential")
    register.add_argument("--secret", action="append", metavar="NAME=REFERENCE", help="as in password=env:NAME")
    register.add_argument("--every", type=int, metavar="SECONDS", help="by itself; without it on request only")
    run = sources.command("run", _run, "read what is new now, and follow until it is a version", judged=True)
    run.add_argument("source")
    detachable(run)
    for name, move, help in (
        ("pause", lambda source: source.pause(), "read nothing for now"),
        ("resume", lambda source: source.resume(), "read again, from where it stopped"),
        ("retire", lambda source: source.retire(), "never read it again"),
    ):
        sources.command(name, _moving(move), help).add_argument("source")


def _register(client: Client, given: argparse.Namespace) -> Any:
    return client.sources.register(
        given.dataset,
        given.name,
        kind=given.kind,
        settings=files.document(given.settings),
        secrets=pairs(given.secret),
        interval_seconds=given.every,
    )


def _run(client: Client, given: argparse.Namespace) -> Any:
    reading = client.sources.get(given.source).read_now()
    if given.detach:
        return reading
    reading.follow(show=not given.json)
    if reading.dataset_version is None:
        print("Nothing is new.", file=sys.stderr)
        return reading
    return reading.version


def _moving(move: Any) -> Any:
    return lambda client, given: move(client.sources.get(given.source))
