"""Where the server is and who you are: what was given, the environment, or the last sign-in.

A sign-in keeps the address, the user name and the token, in a file that its owner alone can read; never the password.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mlops_client import kept
from mlops_client.errors import NobodySignedIn

SIGN_IN_AGAIN = "Sign in again with `mlops login`. A token that was given, or MLOPS_TOKEN, counts before it."
_SIGN_IN = (
    "Sign in with `mlops login --url ADDRESS` (or `python -m mlops_client login`), or set MLOPS_URL and MLOPS_TOKEN."
)


@dataclass(frozen=True, slots=True)
class Account:
    """An address and what signs in there; the token is not shown."""

    url: str
    token: str = field(repr=False)
    username: str = ""


def find(url: str | None, token: str | None) -> Account:
    """What to use: arguments before MLOPS_URL and MLOPS_TOKEN before what `login` kept. Raises NobodySignedIn.

    A token goes only to the address that it was kept for.
    """
    url = (url or default_url() or "").rstrip("/")
    if not url:
        raise NobodySignedIn("No server is named.", remedy=_SIGN_IN)
    token = token or os.environ.get("MLOPS_TOKEN")
    if token:
        return Account(url, token)
    account = kept.read(file()).get("accounts", {}).get(url)
    if account is None:
        raise NobodySignedIn(f"Nobody is signed in to {url}.", remedy=_SIGN_IN)
    if datetime.fromisoformat(account["expires_at"]) <= datetime.now(UTC):
        raise NobodySignedIn(f"The sign-in to {url} has expired.", remedy=_SIGN_IN)
    return Account(url, account["token"], account["username"])


def default_url() -> str | None:
    """MLOPS_URL, or where the last sign-in was."""
    return os.environ.get("MLOPS_URL") or kept.read(file()).get("current")


def keep(account: Account, *, expires_at: str) -> Path:
    """Remember a sign-in, and its address as the one to use; returns the file."""
    with kept.changing(file()) as known:
        known["current"] = account.url
        entry = {"username": account.username, "token": account.token, "expires_at": expires_at}
        known.setdefault("accounts", {})[account.url] = entry
    return file()


def forget(url: str) -> None:
    """Remember it no longer."""
    with kept.changing(file()) as known:
        known.get("accounts", {}).pop(url, None)


def file() -> Path:
    """Where sign-ins are kept."""
    return kept.folder() / "credentials.json"
