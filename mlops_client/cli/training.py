"""Commands about runs and evaluations."""

import argparse
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group, pairs
from mlops_client.client import Client
from mlops_client.nouns.runs import Run


def add(commands: Group) -> None:
    """train, runs, evaluate, compare."""
    train = commands.command("train", _train, "train a version of a model, and follow until it is registered")
    train.add_argument("recipe", help="a JSON or YAML file")
    train.add_argument("--model", required=True)
    train.add_argument("--data", required=True, help="a dataset's version, as name@number")
    train.add_argument("--seed", type=int, required=True, help="the same seed, data and recipe give the same model")
    _detachable(train)
    _runs(commands.group("runs", "training runs"))
    evaluate = commands.command("evaluate", _evaluate, "measure a version, and follow until the figures are evidence")
    evaluate.add_argument("version")
    evaluate.add_argument("--data", help="a dataset's version; by default the rows that the run held out")
    evaluate.add_argument("--split", choices=("holdout", "all"))
    evaluate.add_argument("--against", metavar="VERSION", help="measured on the same rows, for paired differences")
    _detachable(evaluate)
    compare = commands.command("compare", _compare, "show two evaluated versions side by side, with intervals")
    compare.add_argument("first", metavar="VERSION")
    compare.add_argument("second", metavar="VERSION")


def _runs(runs: Group) -> None:
    listing = runs.command("list", _list, "list runs, newest first")
    listing.add_argument("--where", action="append", metavar="NAME=VALUE", help="as in state=failed; more than once")
    listing.add_argument("--most", type=int, default=50, help="how many at most; 50 by default")
    for name, run, help in (
        ("show", lambda client, given: client.runs.get(given.run_id), "show a run"),
        ("follow", _follow, "wait for a run's end, with a bar"),
        ("lines", lambda client, given: client.runs.get(given.run_id).lines(), "print a run's log"),
        ("cancel", lambda client, given: client.runs.get(given.run_id).cancel(), "ask to stop a run"),
    ):
        runs.command(name, run, help).add_argument("run_id", metavar="RUN")
    reproduce = runs.command("reproduce", _reproduce, "do a run again on a worker, and tell what came out the same")
    reproduce.add_argument("run_id", metavar="RUN")
    _detachable(reproduce)


def _train(client: Client, given: argparse.Namespace) -> Any:
    run = client.train(given.model, given.data, recipe=files.document(given.recipe), seed=given.seed)
    return run if given.detach else run.follow(show=not given.json)


def _list(client: Client, given: argparse.Namespace) -> list[Run]:
    rows = client.runs.all(**pairs(given.where))
    return [run for run, _ in zip(rows, range(given.most), strict=False)]


def _follow(client: Client, given: argparse.Namespace) -> Run:
    return client.runs.get(given.run_id).follow(show=not given.json)


def _reproduce(client: Client, given: argparse.Namespace) -> Any:
    reproduction = client.runs.get(given.run_id).reproduce()
    return reproduction if given.detach else reproduction.follow(show=not given.json)


def _evaluate(client: Client, given: argparse.Namespace) -> Any:
    evaluation = client.evaluate(given.version, data=given.data, split=given.split, against=given.against)
    return evaluation if given.detach else evaluation.follow(show=not given.json).figures()


def _compare(client: Client, given: argparse.Namespace) -> Any:
    return client.compare(given.first, given.second)


def _detachable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detach", action="store_true", help="do not wait for the worker; print what was asked for")
