"""Credentials by reference: what a source's record names, and only the worker that reads it can open.

A reference belongs to one system, by its name: whoever registers sources for another system cannot have this one's
password sent to a server of their own.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from registry.services.credentials import variable_prefix
from workers.ingestion.errors import SecretMissing

LONGEST_BYTES = 64 * 1024


def resolve(references: Mapping[str, str], *, system: str, folder: Path) -> dict[str, str]:
    """The secret behind each reference. Raises SecretMissing, which names the reference and never what it holds."""
    return {name: _resolved(reference, system=system, folder=folder) for name, reference in references.items()}


def without(text: str, secrets: Mapping[str, str]) -> str:
    """The text with every secret in it struck out, as it is and as a URL would spell it."""
    for secret in sorted((value for value in secrets.values() if value), key=len, reverse=True):
        for spelled in (secret, quote(secret), quote(secret, safe="")):
            text = text.replace(spelled, "…")
    return text


def _resolved(reference: str, *, system: str, folder: Path) -> str:
    scheme, _, name = reference.partition(":")
    if scheme == "env" and name.startswith(variable_prefix(system)):
        found = os.environ.get(name)
    elif scheme == "file":
        found = _read(folder, system, name)
    else:
        found = None
    if not found:
        raise SecretMissing(
            f"The secret {reference} is not there, or is not of the system {system}.",
            "Set it where workers run: the variable, or the file under SOURCE_SECRETS_DIR.",
        )
    return found


def _read(folder: Path, system: str, name: str) -> str | None:
    """The file's content without the newline that an editor leaves; None for one that lies anywhere else."""
    home = folder.resolve() / system
    path = (folder / name).resolve()
    # Kubernetes mounts secrets as links to a folder beside them, so links are followed, but not out of the system's.
    if not path.is_relative_to(home) or not path.is_file() or path.stat().st_size > LONGEST_BYTES:
        return None
    return path.read_text().rstrip("\r\n")
