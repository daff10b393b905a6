"""Large files in pieces (tus 1.0): a lost connection, or Ctrl-C, costs the piece that was under way, not the file."""

import base64
import hashlib
import time
from typing import Any
from uuid import uuid4

from mlops_client import bars, unfinished
from mlops_client.errors import ChecksumMismatch, ClientError, Conflict, NotFound, ServerFailed, Unreachable
from mlops_client.parcels import Parcel
from mlops_client.session import Session

PIECE_BYTES = 8 * 2**20
ATTEMPTS = 8
_UPLOADS = "/api/v1/uploads"
_VERSION = {"Tus-Resumable": "1.0.0"}
_PIECE = {"Content-Type": "application/offset+octet-stream"}


def send(session: Session, dataset: str, parcel: Parcel, *, show: bool | bars.Bar) -> dict[str, Any]:
    """Send a file piece by piece, taking it up where the server has it; returns the ingestion. Raises ClientError.

    Who is interrupted and sends the same bytes into the same dataset again goes on where they stopped.
    """
    with bars.shown(show, f"upload {parcel.name}") as bar:
        content = _content(parcel)
        address, offset = _taken_up(session, dataset, content) or _create(session, dataset, parcel, content)
        failed = 0
        while offset < parcel.size_bytes:
            bar.move(100 * offset // parcel.size_bytes, f"{offset:,} of {parcel.size_bytes:,} bytes")
            try:
                offset, failed = _send_piece(session, address, parcel, offset), 0
            except (Unreachable, ServerFailed, Conflict, ChecksumMismatch) as error:
                failed += 1
                offset = _resumed(session, address, error, failed)
        bar.end("succeeded")
    unfinished.forget(session.account.url, dataset, content)
    return _ingestion(session, address)


def _content(parcel: Parcel) -> str:
    # The bytes, not the name: a file that was changed in the meantime must not go on where another one stopped.
    digest = hashlib.file_digest(parcel.file, "sha256").hexdigest()  # type: ignore[arg-type]
    return f"{parcel.format} {digest}"


def _taken_up(session: Session, dataset: str, content: str) -> tuple[str, int] | None:
    """The upload that was begun with these bytes, and how much of it has come; None where there is none."""
    upload = unfinished.find(session.account.url, dataset, content)
    if upload is None:
        return None
    try:
        return f"{_UPLOADS}/{upload}", _offset(session, f"{_UPLOADS}/{upload}")
    except NotFound:
        return None


def _create(session: Session, dataset: str, parcel: Parcel, content: str) -> tuple[str, int]:
    metadata = {"filename": parcel.name, "format": parcel.format}
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
    headers = _VERSION | {
        "Upload-Length": str(parcel.size_bytes),
        "Upload-Metadata": ",".join(pairs),
        "Idempotency-Key": str(uuid4()),
    }
    upload = session.send("POST", f"/api/v1/datasets/{dataset}/uploads", headers=headers).json()
    url, expires_at = session.account.url, upload["expires_at"]
    unfinished.keep(url, dataset, content, upload=upload["id"], expires_at=expires_at)
    return f"{_UPLOADS}/{upload['id']}", 0


def _send_piece(session: Session, address: str, parcel: Parcel, offset: int) -> int:
    """Where the server has it now."""
    parcel.file.seek(offset)
    piece = parcel.file.read(PIECE_BYTES)
    checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = _VERSION | _PIECE | {"Upload-Offset": str(offset), "Upload-Checksum": f"sha256 {checksum}"}
    answer = session.send("PATCH", address, content=piece, headers=headers)
    return int(answer.headers["Upload-Offset"])


def _resumed(session: Session, address: str, error: ClientError, failed: int) -> int:
    """How much has come, once the server answers again. Raises the error where it fails without end."""
    if failed >= ATTEMPTS:
        raise error
    time.sleep(min(0.2 * 2**failed, 10))
    return _offset(session, address)


def _offset(session: Session, address: str) -> int:
    return int(session.send("HEAD", address, headers=_VERSION).headers["Upload-Offset"])


def _ingestion(session: Session, address: str) -> dict[str, Any]:
    upload = session.get(address)
    ingestion: dict[str, Any] = session.get(f"/api/v1/ingestions/{upload['ingestion']}")
    return ingestion
