"""Runs the judges as programs of their own, with the packages that `make judges` installs for them."""

import os
import subprocess
import sys
from pathlib import Path

INSTALLED = Path(sys.prefix) / "judges" / "exports"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A Python program of theirs, started in a folder; it may fail, that is its verdict."""
    if not INSTALLED.is_dir():
        raise RuntimeError(f"{INSTALLED} is missing: `make judges` installs the judges; `make test` does that too.")
    environment = os.environ | {"PYTHONPATH": str(INSTALLED)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
