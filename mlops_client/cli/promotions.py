"""Commands about promotion requests."""

import argparse
from pathlib import Path
from typing import Any

from mlops_client.cli.parsing import Group, chosen, many
from mlops_client.client import Client
from mlops_client.errors import Unusable


def add(commands: Group) -> None:
    """promote, promotions."""
    promote = commands.command(
        "promote", _promote, "ask for a version to serve; the gates answer, people sign after that", judged=True
    )
    promote.add_argument("version")
    promote.add_argument("--slot", required=True, help="its key, as in employment.production.champion")
    promote.add_argument("--policy", required=True, help="by name: the version that is effective")
    promote.add_argument("--reason", required=True, help="why it should serve, in your own words")
    promote.add_argument("--draft", action="store_true", help="write it only, and put it forward later")
    _promotions(commands.group("promotions", "what was asked for, and what became of it"))


def _promotions(promotions: Group) -> None:
    many(promotions.command("list", lambda client, given: chosen(client.promotions, client, given), "list requests"))
    withdraw = promotions.command("withdraw", _withdraw, "take your own request back before it is decided")
    withdraw.add_argument("--reason", required=True, help="for the record")
    pack = promotions.command("pack", _pack, "write the evidence pack, which anybody can verify without the server")
    pack.add_argument("--to", metavar="FILE", help="by default evidence-ID.zip")
    for command in (
        promotions.command("show", lambda client, given: client.promotions.get(given.promotion), "show a request"),
        promotions.command("submit", _submit, "put your own draft forward; the gates answer", judged=True),
        promotions.command("record", _record, "print the decision record in Markdown"),
        withdraw,
        pack,
    ):
        command.add_argument("promotion", metavar="PROMOTION")


def _promote(client: Client, given: argparse.Namespace) -> Any:
    ask = client.promotions.draft if given.draft else client.promotions.request
    return ask(given.version, slot=given.slot, policy=given.policy, reason=given.reason)


def _submit(client: Client, given: argparse.Namespace) -> Any:
    return client.promotions.get(given.promotion).submit()


def _withdraw(client: Client, given: argparse.Namespace) -> Any:
    return client.promotions.get(given.promotion).withdraw(given.reason)


def _record(client: Client, given: argparse.Namespace) -> str:
    return client.promotions.get(given.promotion).record()


def _pack(client: Client, given: argparse.Namespace) -> Any:
    promotion = client.promotions.get(given.promotion)
    file = Path(given.to or f"evidence-{promotion.id}.zip")
    content = promotion.evidence_pack()
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror}.") from error
    verify = f"python -m audit.tlog.verify {file} --key log.vkey"
    return {"written to": str(file), "bytes": len(content), "verify with": verify}
