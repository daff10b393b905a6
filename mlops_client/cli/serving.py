"""Commands about promotion and what serves."""

import argparse
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group
from mlops_client.client import Client


def add(commands: Group) -> None:
    """promote, slots, predict."""
    promote = commands.command(
        "promote", _promote, "ask for a version to serve; the gates answer, people sign after that"
    )
    promote.add_argument("version")
    promote.add_argument("--slot", required=True, help="its key, as in employment.production.champion")
    promote.add_argument("--policy", required=True, help="by name: the version that is effective")
    promote.add_argument("--reason", required=True, help="why it should serve, in your own words")
    promote.add_argument("--draft", action="store_true", help="write it only, and put it forward later")
    slots = commands.group("slots", "what serves")
    slots.command("list", lambda client, _: client.slots.all(), "list the slots that you may read")
    slots.command("show", lambda client, given: client.slots.get(given.slot), "show what a slot serves").add_argument(
        "slot"
    )
    predict = commands.command("predict", _predict, "predict with what a slot serves; every answer is logged")
    predict.add_argument("slot")
    predict.add_argument("rows", help="a JSON, JSON Lines or CSV file")
    predict.add_argument("--entity", metavar="COLUMN", help="says whom a row is about")
    predict.add_argument(
        "--attributes", nargs="*", default=(), metavar="COLUMN", help="sensitive values, for monitoring"
    )


def _promote(client: Client, given: argparse.Namespace) -> Any:
    ask = client.promotions.draft if given.draft else client.promotions.request
    return ask(given.version, slot=given.slot, policy=given.policy, reason=given.reason)


def _predict(client: Client, given: argparse.Namespace) -> Any:
    return client.predict(given.slot, files.rows(given.rows), entity=given.entity, attributes=given.attributes)
