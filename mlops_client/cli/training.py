"""Commands about runs and evaluations."""

import argparse
import sys
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group, chosen, detachable, many
from mlops_client.client import Client
from mlops_client.errors import Unusable
from mlops_client.nouns.evaluations import Evaluation, Figure
from mlops_client.nouns.runs import Run


def add(commands: Group) -> None:
    """train, runs, evaluate, figures, compare."""
    train = commands.command("train", _train, "train a version of a model, and follow until it is registered")
    train.add_argument("recipe", help="a JSON or YAML file")
    train.add_argument("--model", required=True)
    train.add_argument("--data", required=True, help="a dataset's version, as name@number")
    train.add_argument("--seed", type=int, required=True, help="the same seed, data and recipe give the same model")
    detachable(train)
    _runs(commands.group("runs", "training runs"))
    evaluate = commands.command("evaluate", _evaluate, "measure a version, and follow until the figures are evidence")
    evaluate.add_argument("version")
    evaluate.add_argument("--data", help="a dataset's version; by default the rows that the run held out")
    evaluate.add_argument("--split", choices=("holdout", "all"))
    evaluate.add_argument("--against", metavar="VERSION", help="measured on the same rows, for paired differences")
    detachable(evaluate)
    figures = commands.command("figures", _figures, "show what the newest evaluation of a version found")
    figures.add_argument("version")
    compare = commands.command("compare", _compare, "show two evaluated versions side by side, with intervals")
    compare.add_argument("first", metavar="VERSION")
    compare.add_argument("second", metavar="VERSION")
    for command in (evaluate, figures, compare):
        command.add_argument("--all", action="store_true", help="every group and every curve, not the whole alone")


def _runs(runs: Group) -> None:
    many(runs.command("list", lambda client, given: chosen(client.runs, client, given), "list runs, newest first"))
    for name, run, help in (
        ("show", lambda client, given: client.runs.get(given.run_id), "show a run"),
        ("follow", _follow, "wait for a run's end, with a bar"),
        ("lines", lambda client, given: client.runs.get(given.run_id).lines(), "print a run's log"),
        ("cancel", lambda client, given: client.runs.get(given.run_id).cancel(), "ask to stop a run"),
    ):
        runs.command(name, run, help).add_argument("run_id", metavar="RUN")
    reproduce = runs.command("reproduce", _reproduce, "do a run again on a worker, and tell what came out the same")
    reproduce.add_argument("run_id", metavar="RUN")
    detachable(reproduce)


def _train(client: Client, given: argparse.Namespace) -> Any:
    run = client.train(given.model, given.data, recipe=files.document(given.recipe), seed=given.seed)
    return run if given.detach else run.follow(show=not given.json)


def _follow(client: Client, given: argparse.Namespace) -> Run:
    return client.runs.get(given.run_id).follow(show=not given.json)


def _reproduce(client: Client, given: argparse.Namespace) -> Any:
    reproduction = client.runs.get(given.run_id).reproduce()
    return reproduction if given.detach else reproduction.follow(show=not given.json)


def _evaluate(client: Client, given: argparse.Namespace) -> Any:
    evaluation = client.evaluate(given.version, data=given.data, split=given.split, against=given.against)
    return evaluation if given.detach else _found(evaluation.follow(show=not given.json), given)


def _figures(client: Client, given: argparse.Namespace) -> Any:
    version = client.versions.get(given.version)
    evaluation = client.evaluations.all(model_version=version, state="succeeded").first()
    if evaluation is None:
        raise Unusable(f"{version.name} has not been evaluated.", remedy=f'`mlops evaluate "{version.name}"` does it.')
    return _found(evaluation, given)


def _found(evaluation: Evaluation, given: argparse.Namespace) -> list[Figure]:
    """Its figures, the version's own first; without the groups unless all are asked for."""
    figures = sorted(evaluation.figures(), key=lambda one: (one.kind != "evaluation", one.kind, one.of, one.metric))
    shown = figures if given.all or given.json else [one for one in figures if one.value is not None and not one.group]
    if len(shown) < len(figures):
        print(f"{len(figures) - len(shown)} more, of single groups and curves, with --all.", file=sys.stderr)
    return shown


def _compare(client: Client, given: argparse.Namespace) -> Any:
    comparison = client.compare(given.first, given.second)
    return comparison if given.all or given.json else comparison.overall()
