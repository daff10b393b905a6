"""Where the server is and who you are: what was given, the environment, or the last sign-in.

A sign-in keeps the address, the user name and the token, in a file that its owner alone can read; never the password.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_client.errors import NobodySignedIn, Unusable

_SIGN_IN = "Sign in with `python -m mlops_client login`, or set MLOPS_URL and MLOPS_TOKEN."


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
    account = _read().get("accounts", {}).get(url)
    if account is None:
        raise NobodySignedIn(f"Nobody is signed in to {url}.", remedy=_SIGN_IN)
    if datetime.fromisoformat(account["expires_at"]) <= datetime.now(UTC):
        raise NobodySignedIn(f"The sign-in to {url} has expired.", remedy=_SIGN_IN)
    return Account(url, account["token"], account["username"])


def default_url() -> str | None:
    """MLOPS_URL, or where the last sign-in was."""
    return os.environ.get("MLOPS_URL") or _read().get("current")


def keep(account: Account, *, expires_at: str) -> Path:
    """Remember a sign-in, and its address as the one to use; returns the file."""
    with _changing() as kept:
        kept["current"] = account.url
        entry = {"username": account.username, "token": account.token, "expires_at": expires_at}
        kept.setdefault("accounts", {})[account.url] = entry
    return file()


def forget(url: str) -> None:
    """Remember it no longer."""
    with _changing() as kept:
        kept.get("accounts", {}).pop(url, None)


def file() -> Path:
    """Where sign-ins are kept, by the XDG convention."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "mlops" / "credentials.json"


def _read() -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(file().read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise Unusable(f"{file()} cannot be read.", remedy="Delete it and sign in again.") from error
    return kept


@contextlib.contextmanager
def _changing() -> Iterator[dict[str, Any]]:
    """What is kept, written back as a whole: never half a file, never readable by others."""
    kept = _read()
    yield kept
    file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file().with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        json.dump(kept, target, indent=1)
    draft.replace(file())
