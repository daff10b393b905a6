"""AI systems: what data, models and slots belong to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from mlops_client.nouns.base import Named, Record


@dataclass(kw_only=True, repr=False)
class System(Record):
    PATH = "/api/v1/systems"
    SHOWN = ("name", "purpose", "risk_tier", "legal_basis", "id")
    LISTED = ("name", "purpose", "risk_tier", "id")

    name: str
    purpose: str
    risk_tier: str
    legal_basis: str = ""
    revision: int
    created_at: datetime

    def update(self, **changes: Any) -> Self:
        """Change what may change; a risk officer confirms the tier so. Raises Conflict where somebody was quicker."""
        return self._became(self.session.patch(f"/api/v1/systems/{self.id}", changes, revision=self.revision))


class Systems(Named[System]):
    RECORD = System

    def register(self, name: str, *, purpose: str, risk_tier: str, legal_basis: str = "", **stakes: Any) -> System:
        """Register a system; its tier counts once a risk officer has confirmed it.

        stakes: position, exposure, reliance, personal_data, regimes, owner, as in the API.
        """
        body = {"name": name, "purpose": purpose, "risk_tier": risk_tier, "legal_basis": legal_basis, **stakes}
        return self._post("/api/v1/systems", body)
