"""A witness: ``python -m audit.tlog.witness --state DIR --key FILE --log VKEY --listen HOST:PORT``.

It cosigns a log's checkpoint only if it continues the last one it cosigned, and it never forgets: what it answers is on
the disk before. Run it on a machine that the log's operator cannot reach, and tell nobody its key.
It speaks C2SP tlog-witness; behind a proxy for TLS. ``--make-key NAME`` makes the key file and the state folder, and
prints the verifier key. A witness whose folder is lost gets a new key: under the old one it would forget what it said.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.tlog import checkpoint, note, witnessing
from audit.tlog.errors import NoteError, TlogError
from audit.tlog.report import printable
from audit.tlog.spelling import from_base64, to_base64
from audit.tlog.witnessing import Status, Verdict

READ_SECONDS = 10
_KEPT_REFUSALS = 100
_ONLY_FOR_PROOFS = 50  # places that heads which anybody can read and send with a false proof never take
_SIZE_TYPE = "text/x.tlog.size"
_TEXT_TYPE = "text/plain; charset=utf-8"


class InUse(TlogError):
    """Another witness holds the state folder; two would not see each other's answers."""


class Witness:
    """The state folder of one witness: per log the last note it cosigned, and forks that it refused, as evidence."""

    def __init__(self, state: Path, name: str, key: note.SigningKey, logs: Sequence[note.Verifier]) -> None:
        """Take the folder, a name and a key, and the keys of the logs that it serves."""
        self.state, self.name, self.logs = state, name, tuple(logs)
        self._key = key
        self._one_at_a_time = threading.Lock()

    @property
    def vkey(self) -> str:
        """The verifier key that logs and auditors put into their policy."""
        return note.Cosigner(self.name, self._key, time=0).vkey

    def add_checkpoint(self, raw: bytes) -> tuple[Verdict, bytes]:
        """Answer one request: the verdict and the body. The new state is durable before this returns."""
        try:
            request = witnessing.parse(raw)
            folder = self.state / witnessing.origin_hash(witnessing.origin_of(request.checkpoint))
        except TlogError as problem:
            return Verdict(Status.MALFORMED, str(problem)), b""
        with self._one_at_a_time:  # the comparison and the write are one step, or two requests could roll back
            held = read_held(folder)
            verdict = witnessing.judge(request, self.logs, held)
            if verdict.status is Status.FORKED:
                _keep_refusal(folder, raw, note.text_of(request.checkpoint), verdict.held)
            if verdict.head is None:
                return verdict, f"{verdict.held}\n".encode() if verdict.status is Status.OTHER_SIZE else b""
            text = verdict.head.text()
            line = note.signature_line(text, note.Cosigner(self.name, self._key, time=int(time.time())))
            if verdict.head != held:
                write_durably(folder / "checkpoint", _believed(request.checkpoint, self.logs) + line.encode())
        return verdict, line.encode()

    def latest(self, origin_hash: str) -> bytes | None:
        """The last note that was cosigned for a log."""
        path = self.state / origin_hash / "checkpoint"
        known = {witnessing.origin_hash(verifier.name) for verifier in self.logs}
        return path.read_bytes() if origin_hash in known and path.is_file() else None


def read_held(folder: Path) -> checkpoint.Checkpoint | None:
    """The head that is held for a log. Raises NoteError for a file that was spoilt: it must not count as nothing."""
    try:
        raw = (folder / "checkpoint").read_bytes()
    except FileNotFoundError:
        return None
    return checkpoint.parse(note.text_of(raw))


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file in one step that a crash cannot halve; it is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    for folder in (path.parent, path.parent.parent):  # the name, and a new folder's name in its own parent
        _sync(folder)


def read_key(text: str) -> tuple[str, Ed25519PrivateKey]:
    """Name and key of a note signing key as Go's tools write it. Raises NoteError, which never quotes the key."""
    name = note.parse_signing_key(text.strip()).verifier.name
    seed = from_base64(text.strip().split("+", 4)[4], error=NoteError)[1:]
    return name, Ed25519PrivateKey.from_private_bytes(seed)


def make_key(name: str, path: Path) -> str:
    """Write a new key file that only its owner can read; returns the witness's verifier key. Raises FileExistsError."""
    key = Ed25519PrivateKey.generate()
    vkey = note.Cosigner(name, key, time=0).vkey
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{note.format_signing_key(name, key.private_bytes_raw())}\n")
        file.flush()
        os.fsync(file.fileno())
    return vkey


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder for this process. The lock goes with the process, however it ends.

    Raises InUse, and FileNotFoundError where there is no folder: a witness that lost its memory must not go on under
    its old key, since it would cosign the fork that it is there to refuse.
    """
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise InUse(f"Another witness works in {state}.") from problem
        yield


class Server(ThreadingHTTPServer):
    """HTTP for one witness."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        """Listen on host and port."""
        self.witness = witness
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """`POST /add-checkpoint` and `GET /<SHA-256 of the origin>/checkpoint`."""

    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS
    server: Server

    def do_POST(self) -> None:
        """Cosign, or say why not."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._refuse_unread(404, "Nothing is here; the address is /add-checkpoint.")
        elif not length.isascii() or not length.isdigit() or int(length) > witnessing.MAX_REQUEST_BYTES:
            self._refuse_unread(400, "The request has no length, or too much of it.")
        else:
            verdict, body = self.server.witness.add_checkpoint(self.rfile.read(int(length)))
            kind = _SIZE_TYPE if verdict.status is Status.OTHER_SIZE else _TEXT_TYPE
            self._answer(verdict.status.value, body or f"{verdict.why}\n".encode(), kind)

    def do_GET(self) -> None:
        """The last cosigned note of a log."""
        origin_hash, _, name = self.path.removeprefix("/").partition("/")
        found = self.server.witness.latest(origin_hash) if name == "checkpoint" else None
        self._answer(200 if found else 404, found or b"Nothing was cosigned for this log.\n", _TEXT_TYPE)

    def log_message(self, format: str, *args: object) -> None:
        """One printable line a request: what a stranger sent must not drive a terminal."""
        print(printable(f"{self.address_string()} {format % args}"), file=sys.stderr)

    def _refuse_unread(self, status: int, why: str) -> None:
        self.close_connection = True  # the unread body must not be taken for the next request
        self._answer(status, f"{why}\n".encode(), _TEXT_TYPE)

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.make_key:
            options.state.mkdir(parents=True, mode=0o700)
            print(make_key(options.make_key, options.key))
            return 0
        name, key = read_key(options.key.read_text())
        logs = [note.Verifier.parse(vkey) for vkey in options.log]
        with alone(options.state):
            for log in logs:
                read_held(options.state / witnessing.origin_hash(log.name))  # a spoilt memory shows now
            _serve(Witness(options.state, name, key, logs), options.listen)
    except (TlogError, OSError) as problem:
        print(printable(f"The witness cannot start: {problem}"), file=sys.stderr)
        return 2
    return 0


def _serve(witness: Witness, address: tuple[str, int]) -> None:
    with Server(address, witness) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            # From a thread of its own: shutdown waits for the loop that this signal interrupts.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"{witness.vkey} on http://{address[0]}:{server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.1)


def _believed(signed: bytes, logs: Sequence[note.Verifier]) -> bytes:
    """The note without the lines of unknown keys: strangers may add those, until the note could not be read again."""
    text, signatures = note.parse(signed)
    known = {(verifier.name, verifier.key_id) for verifier in logs}
    kept = [line for line in signatures if (line.name, line.key_id) in known]
    lines = [f"\u2014 {line.name} {to_base64(line.key_id + line.signature)}\n" for line in kept]
    return "".join([text, "\n", *lines]).encode()


def _keep_refusal(folder: Path, raw: bytes, text: str, held: int) -> None:
    """Two signed heads that cannot both be true are proof against the log: kept once a head, up to a number.

    Another head of the size that is held, or of a smaller one, is proof by itself, and only the log can make it.
    """
    path = folder / "refused" / hashlib.sha256(text.encode()).hexdigest()
    places = _KEPT_REFUSALS if checkpoint.parse(text).size <= held else _KEPT_REFUSALS - _ONLY_FOR_PROOFS
    if not path.exists() and (not path.parent.exists() or len(list(path.parent.iterdir())) < places):
        write_durably(path, raw)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m audit.tlog.witness", description="Witness transparency logs.")
    parser.add_argument("--key", type=Path, required=True, help="the witness's key file")
    parser.add_argument("--make-key", metavar="NAME", help="make key file and state folder of a new witness, and stop")
    parser.add_argument("--state", type=Path, default=Path("witness"), help="the folder that it remembers in")
    parser.add_argument("--log", action="append", default=[], help="a verifier key of a log to witness; repeatable")
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 8100), help="HOST:PORT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
