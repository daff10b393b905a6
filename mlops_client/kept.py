"""Small JSON files between one command and the next: readable by their owner alone, and never half written."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_client.errors import Unusable


def folder() -> Path:
    """Where they are, by the XDG convention."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mlops"


def read(file: Path) -> dict[str, Any]:
    """What is kept; nothing where there is no file. Raises Unusable."""
    try:
        kept: dict[str, Any] = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except json.JSONDecodeError as error:
        raise Unusable(f"{file} cannot be read.", remedy="Delete it: it is made anew.") from error
    return kept


@contextlib.contextmanager
def changing(file: Path) -> Iterator[dict[str, Any]]:
    """What is kept, written back as a whole."""
    kept = read(file)
    yield kept
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        json.dump(kept, target, indent=1)
    draft.replace(file)
