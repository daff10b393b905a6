"""Commands about pipelines."""

import argparse
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group, chosen, detachable, many
from mlops_client.client import Client


def add(commands: Group) -> None:
    """pipelines."""
    pipelines = commands.group("pipelines", "from source to candidate, by one document")
    many(pipelines.command("list", lambda client, given: chosen(client.pipelines, client, given), "list pipelines"))
    show = pipelines.command("show", lambda client, given: client.pipelines.get(given.pipeline), "show a definition")
    show.add_argument("pipeline")
    define = pipelines.command("define", _define, "fix a document as the next version of a pipeline")
    define.add_argument("system")
    define.add_argument("name")
    define.add_argument("document", metavar="FILE", help="JSON or YAML: data, model, recipe and more")
    run = pipelines.command("run", _run, "start a pass, and follow until there is a candidate")
    run.add_argument("pipeline")
    detachable(run)
    passes = pipelines.command("runs", lambda client, given: client.pipelines.get(given.pipeline).runs(), "list passes")
    passes.add_argument("pipeline")
    for name, act, help in (
        ("follow", _follow, "wait for a pass's end, with a bar"),
        ("cancel", lambda client, given: client.pipeline_runs.get(given.run_id).cancel(), "ask to stop a pass"),
    ):
        pipelines.command(name, act, help).add_argument("run_id", metavar="PASS")
    for name, help in (
        ("pause", "let neither schedule nor monitor start it"),
        ("resume", "let them start it again"),
        ("retire", "never start it again"),
    ):
        moved = pipelines.command(name, _move, help)
        moved.add_argument("pipeline")
        moved.add_argument("--reason", required=True, help="for the record")
        moved.set_defaults(move=name)


def _define(client: Client, given: argparse.Namespace) -> Any:
    return client.pipelines.register(given.system, given.name, files.document(given.document))


def _run(client: Client, given: argparse.Namespace) -> Any:
    started = client.pipelines.get(given.pipeline).run()
    return started if given.detach else started.follow(show=not given.json)


def _follow(client: Client, given: argparse.Namespace) -> Any:
    return client.pipeline_runs.get(given.run_id).follow(show=not given.json)


def _move(client: Client, given: argparse.Namespace) -> Any:
    pipeline = client.pipelines.get(given.pipeline)
    moves = {"pause": pipeline.pause, "resume": pipeline.resume, "retire": pipeline.retire}
    return moves[given.move](given.reason)
