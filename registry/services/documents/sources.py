"""Which records a document was read from: each is cited by its name in the log, with its digest there."""

from audit import rows
from audit.models import Governed


class Sources:
    """Collects what is cited while a document is written."""

    def __init__(self) -> None:
        self.digests: dict[str, str] = {}

    def cite(self, row: Governed) -> str:
        """The row's name in the log; its digest is computed from what the row says now."""
        label = rows.label(row)
        self.digests[label] = rows.digest(row)
        return label
