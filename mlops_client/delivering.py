"""A parcel on its way into a dataset: in one request, or in pieces where it is large."""

from typing import Any

from mlops_client import bars, uploads
from mlops_client.parcels import Parcel
from mlops_client.session import Session


def send(session: Session, dataset: str, parcel: Parcel, *, show: bool | bars.Bar) -> dict[str, Any]:
    """Send a file into a dataset; returns the ingestion. Raises ClientError."""
    if parcel.size_bytes > uploads.PIECE_BYTES:
        return uploads.send(session, dataset, parcel, show=show)
    file = (parcel.name, parcel.file, "application/octet-stream")
    ingestion: dict[str, Any] = session.form(
        f"/api/v1/datasets/{dataset}/ingestions", file=file, fields={"format": parcel.format}
    )
    return ingestion
