"""Signing in and out."""

import argparse
import getpass
import sys
from typing import Any

from mlops_client import credentials, session
from mlops_client.cli.parsing import Group
from mlops_client.client import Client, issue_token
from mlops_client.errors import Unusable


def add(commands: Group) -> None:
    """login, logout, whoami."""
    login = commands.command("login", _login, "sign in and remember it for this machine's account", signed_in=False)
    login.add_argument("--username", help="asked for where it is not given")
    login.epilog = (
        "The password is asked for, or read from standard input where that is no terminal; it is not kept.\n"
        "The token is, readable by you alone, until it expires. A one-time code is asked for by signatures only."
    )
    commands.command("logout", _logout, "revoke the token that was kept, and forget it")
    commands.command("whoami", _whoami, "show your account and the roles that you hold")


def _login(_: Client | None, given: argparse.Namespace) -> dict[str, Any]:
    url = (given.url or credentials.default_url() or "").rstrip("/")
    if not url:
        raise Unusable("No server is named.", remedy="Give --url, as in --url https://mlops.example.org.")
    session.check(url)  # before a password is asked for
    username = given.username or _asked("User name: ")
    token, expires_at = issue_token(url, username, _password(), transport=given.transport)
    file = credentials.keep(credentials.Account(url, token, username), expires_at=expires_at)
    return {"signed in to": url, "as": username, "until": expires_at, "kept in": str(file)}


def _whoami(client: Client, given: argparse.Namespace) -> dict[str, Any]:
    me = client.me()
    if given.json:
        return me
    # A role without a system counts everywhere.
    roles = [f"{one['role']} of {one['system']}" if one["system"] else one["role"] for one in me["roles"]]
    server = client.session.account.url
    return {"signed in to": server, **{name: me[name] for name in ("username", "full_name", "team")}, "roles": roles}


def _logout(client: Client, _: argparse.Namespace) -> str:
    client.session.delete("/api/v1/tokens/current")
    credentials.forget(client.session.account.url)
    return "The token is revoked and forgotten."


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise Unusable("No user name is given.", remedy="Give --username.")
    return input(question)


def _password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
