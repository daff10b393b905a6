"""Commands about what serves."""

import argparse
from typing import Any

from mlops_client.cli import files
from mlops_client.cli.parsing import Group
from mlops_client.client import Client


def add(commands: Group) -> None:
    """slots, predict."""
    slots = commands.group("slots", "what serves")
    slots.command("list", lambda client, _: client.slots.all(), "list the slots that you may read")
    slots.command("show", lambda client, given: client.slots.get(given.slot), "show what a slot serves").add_argument(
        "slot"
    )
    opened = slots.command("open", lambda client, given: client.slots.open(given.system, given.name), "open a slot")
    opened.add_argument("system")
    opened.add_argument("name", help="as in production.champion; the key is the system's name and this")
    predict = commands.command("predict", _predict, "predict with what a slot serves; every answer is logged")
    predict.add_argument("slot")
    predict.add_argument("rows", help="a JSON, JSON Lines or CSV file")
    predict.add_argument("--entity", metavar="COLUMN", help="says whom a row is about")
    predict.add_argument(
        "--attributes", nargs="*", default=(), metavar="COLUMN", help="sensitive values, for monitoring"
    )


def _predict(client: Client, given: argparse.Namespace) -> Any:
    return client.predict(given.slot, files.rows(given.rows), entity=given.entity, attributes=given.attributes)
