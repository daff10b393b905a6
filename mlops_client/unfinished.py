"""Uploads that were begun here and are not whole yet: the same bytes into the same dataset go on with theirs."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from mlops_client import kept


def find(url: str, dataset: str, content: str) -> str | None:
    """The upload's id; None where none is known."""
    entry = kept.read(_file()).get(_key(url, dataset, content))
    return entry["upload"] if entry else None


def keep(url: str, dataset: str, content: str, *, upload: str, expires_at: str) -> None:
    """Remember an upload until the server forgets it."""
    now = datetime.now(UTC)
    # Where a home cannot be written, only this is lost: an interrupted upload begins anew.
    with contextlib.suppress(OSError), kept.changing(_file()) as known:
        for key in [key for key, one in known.items() if datetime.fromisoformat(one["expires_at"]) <= now]:
            del known[key]
        known[_key(url, dataset, content)] = {"upload": upload, "expires_at": expires_at}


def forget(url: str, dataset: str, content: str) -> None:
    """It is whole."""
    with contextlib.suppress(OSError), kept.changing(_file()) as known:
        known.pop(_key(url, dataset, content), None)


def _key(url: str, dataset: str, content: str) -> str:
    return f"{url} {dataset} {content}"


def _file() -> Path:
    return kept.folder() / "uploads.json"
