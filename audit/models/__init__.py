"""The tables of the log, of what it seals, and of what keeps watch over it."""

from audit.models.base import Governed
from audit.models.log import Checkpoint, Cosignature, Event, Leaf, Tile
from audit.models.sealed import DataKey, Hold, Redaction, Sealed
from audit.models.upkeep import ArchivedBundle, History, Verification

__all__ = [
    "ArchivedBundle",
    "Checkpoint",
    "Cosignature",
    "DataKey",
    "Event",
    "Governed",
    "History",
    "Hold",
    "Leaf",
    "Redaction",
    "Sealed",
    "Tile",
    "Verification",
]
