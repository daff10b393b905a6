"""Commands about systems, datasets and models."""

import argparse
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group
from mlops_client.client import Client


def add(commands: Group) -> None:
    """systems, datasets, models."""
    systems = commands.group("systems", "AI systems, to which everything else belongs")
    systems.command("list", lambda client, _: client.systems.all(), "list the systems that you may read")
    show = systems.command("show", lambda client, given: client.systems.get(given.system), "show a system")
    show.add_argument("system")
    register = systems.command("register", _register_system, "register a system; a risk officer confirms its tier")
    register.add_argument("name")
    register.add_argument("--purpose", required=True, help="what it is for, in your own words")
    register.add_argument("--tier", required=True, help="the risk tier that you propose: minimal, limited or high")
    register.add_argument("--legal-basis", default="", metavar="TEXT")
    _datasets(commands.group("datasets", "datasets and what is delivered into them"))
    models = commands.group("models", "model families and their versions")
    models.command("list", lambda client, _: client.models.all(), "list the models that you may read")
    versions = models.command(
        "versions", lambda client, given: client.models.get(given.model).versions(), "list versions"
    )
    versions.add_argument("model")
    register = models.command("register", _register_model, "open a model family in a system")
    register.add_argument("system")
    register.add_argument("name")


def _datasets(datasets: Group) -> None:
    datasets.command("list", lambda client, _: client.datasets.all(), "list the datasets that you may read")
    register = datasets.command("register", _register_dataset, "open a dataset in a system")
    register.add_argument("system")
    register.add_argument("name")
    register.add_argument(
        "--licence", required=True, help="under which the data may be used, best as an SPDX identifier"
    )
    register.add_argument("--contract", metavar="FILE", help="JSON or YAML: what every version must keep")
    register.add_argument("--sensitive", nargs="*", metavar="COLUMN", help="kept for fairness, never taken as features")
    push = datasets.command("push", _push, "deliver a file, and follow until it is a version", judged=True)
    push.add_argument("dataset")
    push.add_argument("file", help="CSV, Parquet, JSON Lines, an archive of images, or a folder of them")
    push.add_argument("--format", choices=("csv", "parquet", "jsonl", "images"), help="where the name does not tell it")
    push.add_argument("--detach", action="store_true", help="do not wait for the worker; print the ingestion")
    show = datasets.command("show", _show_version, "show a version, and what of its contract it breaks")
    show.add_argument("version", metavar="VERSION")
    versions = datasets.command(
        "versions", lambda client, given: client.datasets.get(given.dataset).versions(), "list versions"
    )
    versions.add_argument("dataset")


def _push(client: Client, given: argparse.Namespace) -> Any:
    dataset = client.datasets.get(given.dataset)
    ingestion = dataset.deliver(given.file, format=given.format, show=not given.json)
    return ingestion if given.detach else ingestion.follow(show=not given.json).version


def _show_version(client: Client, given: argparse.Namespace) -> Any:
    return client.dataset_versions.get(given.version)


def _register_system(client: Client, given: argparse.Namespace) -> Any:
    return client.systems.register(
        given.name, purpose=given.purpose, risk_tier=given.tier, legal_basis=given.legal_basis
    )


def _register_dataset(client: Client, given: argparse.Namespace) -> Any:
    contract = files.document(given.contract) if given.contract else None
    return client.datasets.register(
        given.system, given.name, licence=given.licence, sensitive_columns=given.sensitive, contract=contract
    )


def _register_model(client: Client, given: argparse.Namespace) -> Any:
    return client.models.register(given.system, given.name)
