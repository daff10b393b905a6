"""Large files in pieces (tus 1.0): a lost connection costs the piece that was under way, not the file."""

import base64
import hashlib
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mlops_client import bars
from mlops_client.errors import ChecksumMismatch, ClientError, Conflict, ServerFailed, Unreachable
from mlops_client.session import Session

if TYPE_CHECKING:
    from mlops_client.delivering import Parcel

PIECE_BYTES = 8 * 2**20
ATTEMPTS = 8
_VERSION = {"Tus-Resumable": "1.0.0"}
_PIECE = {"Content-Type": "application/offset+octet-stream"}


def send(session: Session, dataset: str, parcel: "Parcel", *, show: bool | bars.Bar) -> dict[str, Any]:
    """Send a file piece by piece, taking it up where the server has it; returns the ingestion. Raises ClientError."""
    address = _create(session, dataset, parcel)
    with bars.shown(show, f"upload {parcel.name}") as bar:
        offset = failed = 0
        while offset < parcel.size_bytes:
            bar.move(100 * offset // parcel.size_bytes, f"{offset:,} of {parcel.size_bytes:,} bytes")
            try:
                offset, failed = _send_piece(session, address, parcel, offset), 0
            except (Unreachable, ServerFailed, Conflict, ChecksumMismatch) as error:
                failed += 1
                offset = _resumed(session, address, error, failed)
        bar.end("succeeded", "")
    return _ingestion(session, address)


def _create(session: Session, dataset: str, parcel: "Parcel") -> str:
    metadata = {"filename": parcel.name, "format": parcel.format}
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
    headers = _VERSION | {
        "Upload-Length": str(parcel.size_bytes),
        "Upload-Metadata": ",".join(pairs),
        "Idempotency-Key": str(uuid4()),
    }
    upload = session.send("POST", f"/api/v1/datasets/{dataset}/uploads", headers=headers).json()
    return f"/api/v1/uploads/{upload['id']}"


def _send_piece(session: Session, address: str, parcel: "Parcel", offset: int) -> int:
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
    return int(session.send("HEAD", address, headers=_VERSION).headers["Upload-Offset"])


def _ingestion(session: Session, address: str) -> dict[str, Any]:
    upload = session.get(address)
    ingestion: dict[str, Any] = session.get(f"/api/v1/ingestions/{upload['ingestion']}")
    return ingestion
