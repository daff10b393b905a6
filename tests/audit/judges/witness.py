"""Runs aics-witness, a C2SP tlog-witness of another make, and asks it to cosign."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.tlog import note
from audit.tlog.witnessing import Request, origin_hash
from tests.audit.tlog.examples import LOG, ORIGIN

NAME = "witness.example.org/theirs"
_PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Running:
    """A witness that answers, and its public key."""

    url: str
    verifier: note.Verifier

    def ask(self, request: Request) -> tuple[int, bytes]:
        """Send a request as our publisher does; status and body of the answer."""
        return self.send(request.format())

    def send(self, body: bytes) -> tuple[int, bytes]:
        """Send any bytes as a request."""
        return _fetch(urllib.request.Request(f"{self.url}/add-checkpoint", data=body, method="POST"))

    def held(self) -> bytes:
        """The note that it cosigned last for our log."""
        return _fetch(urllib.request.Request(f"{self.url}/{origin_hash(ORIGIN)}/checkpoint"))[1]


@contextlib.contextmanager
def run(packages: Path, folder: Path) -> Iterator[Running]:
    """A witness with a new key and no memory, listening on a free port, that trusts the key of the tests' log."""
    config = ["--config", str(folder / "witness.json")]
    vkey = _command(packages, "init", *config, "--name", NAME, "--listen", "127.0.0.1:0")
    _command(packages, "add-log", *config, "--origin", ORIGIN, "--vkey", LOG.vkey)
    log = folder / "witness.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "aics_witness", "serve", *config], env=_environment(packages), stderr=output
        )
        try:
            yield Running(_address(log, process), note.Verifier.parse(vkey.strip()))
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)


def _command(packages: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "aics_witness", *arguments]
    return subprocess.run(command, env=_environment(packages), capture_output=True, text=True, check=True).stdout


def _environment(packages: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(packages)}


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Where it listens; it says so in its log when it is ready."""
    for _ in range(_PATIENCE_SECONDS * 20):
        words = log.read_text().partition("listening on ")[2].split()
        if words or process.poll() is not None:
            break
        time.sleep(0.05)
    if not words:
        raise RuntimeError(f"The witness did not start: {log.read_text()}")
    return words[0]


def _fetch(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read()
