"""Where a log's files come from: a directory or a web server, by the paths of C2SP tlog-tiles.

A source is small, has no state and can be sent to another process.
"""

import os
import stat
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, IncompleteRead
from typing import IO, Protocol

from audit.tlog import tiles
from audit.tlog.errors import SourceError

MAX_FILE_BYTES = tiles.WIDTH * (2 + tiles.MAX_ENTRY_BYTES)
TIMEOUT_SECONDS = 20.0
ATTEMPTS = 3
_PAUSE_SECONDS = 0.2
_GONE = {404, 410}
_BUSY = {429, 500, 502, 503, 504}
_WIDTHS = {str(width) for width in range(1, tiles.WIDTH)}


class Source(Protocol):
    """A log's files by path."""

    @property
    def name(self) -> str:
        """What people call it."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none. Raises SourceError, OSError if that cannot be said.

        A file that is larger than any file of a log comes back cut: it equals nothing that it is compared with.
        """

    def partials(self, path: str) -> list[int]:
        """The widths of the partial copies of a tile or bundle that are known to be there."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A published log directory."""

    folder: str

    @property
    def name(self) -> str:
        """The folder."""
        return self.folder

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file. A pipe or a device in its place is no file: reading it might never end."""
        try:
            file = os.open(f"{self.folder}/{path}", os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                return None
            return _read(file, min(about.st_size, MAX_FILE_BYTES) + 1)
        finally:
            os.close(file)

    def partials(self, path: str) -> list[int]:
        """The widths for which the folder has a partial copy."""
        try:
            names = os.listdir(f"{self.folder}/{path}.p")
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(name) for name in names if name in _WIDTHS)


@dataclass(frozen=True, slots=True)
class Url:
    """A live log, by HTTP. It cannot be listed, so only the files that a tree of its size must have are looked at."""

    address: str
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def name(self) -> str:
        """The address."""
        return self.address

    def read(self, path: str) -> bytes | None:
        """The file's bytes; tries a few times where the server is busy or the connection breaks."""
        address = f"{self.address}/{path}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._fetch(address)
            except urllib.error.HTTPError as answer:
                answer.close()
                if answer.code in _GONE:
                    return None
                if answer.code not in _BUSY or attempt == ATTEMPTS:
                    raise SourceError(f"{address} answered {answer.code} {answer.reason}.") from answer
            except (OSError, HTTPException) as problem:
                if attempt == ATTEMPTS:
                    reason = getattr(problem, "reason", None) or problem
                    raise SourceError(f"{address} cannot be fetched: {reason}.") from problem
            time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("The last attempt returns or raises.")

    def partials(self, path: str) -> list[int]:
        """None: a server cannot be asked what it has."""
        return []

    def _fetch(self, address: str) -> bytes:
        with urllib.request.build_opener(_SameScheme).open(address, timeout=self.timeout_seconds) as answer:
            raw: bytes = answer.read(MAX_FILE_BYTES + 1)
            announced = answer.headers.get("Content-Length", "")
        if announced.isdecimal() and len(raw) < min(int(announced), MAX_FILE_BYTES + 1):
            raise IncompleteRead(raw, int(announced) - len(raw))  # http.client says so only where no limit is given
        if len(raw) > MAX_FILE_BYTES:
            raise SourceError(f"{address} has more than {MAX_FILE_BYTES} bytes; no file of a log is that large.")
        return raw


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only within http or within https: not out of TLS, not to files or FTP."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != req.type:
            fp.close()
            raise SourceError(f"{req.full_url} redirects to another scheme, {newurl}. Give that address yourself.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_address(text: str) -> bool:
    """Whether the text names a web server and not a file."""
    return text.startswith(("http://", "https://"))


def at(address: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Url:
    """The log below an address. Raises SourceError for an address with more than scheme, host, port and path."""
    try:
        parts = urllib.parse.urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or not address.isascii() or not address.isprintable():
        raise SourceError(f"{address[:200]!r} is not the address of a log: https://host/path.")
    return Url(address.rstrip("/"), timeout_seconds)


def _read(file: int, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := os.read(file, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
