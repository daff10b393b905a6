"""Promotion requests: a version, the slot it should serve in, and what the gates and the signers say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from mlops_client import tables
from mlops_client.nouns.base import Collection, Record
from mlops_client.nouns.models import ModelVersion, ModelVersions
from mlops_client.nouns.policies import Policies, Policy
from mlops_client.nouns.slots import Slot

_GATE = ("gate", "verdict", "effect", "value", "low", "high", "n", "threshold", "reason")


@dataclass(kw_only=True, repr=False)
class Promotion(Record):
    PATH = "/api/v1/promotions"
    SHOWN = ("headline", "state", "model_version_name", "slot", "policy_name", "reason", "next_signature", "id")
    LISTED = ("state", "model_version_name", "slot", "next_signature", "created_at", "id")

    model_version: str
    model_version_name: str
    slot: str
    policy: str
    policy_name: str
    author: str
    reason: str
    state: str
    approval: str
    headline: str
    revision: int
    created_at: datetime
    submitted_at: datetime | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    valid_until: datetime | None = None

    @property
    def gates(self) -> list[dict[str, Any]]:
        """What each gate answered, in the policy's order."""
        if "gates" not in self.data:
            self.refresh()
        gates: list[dict[str, Any]] = self.data["gates"]
        return gates

    @property
    def next_signature(self) -> str:
        """Who signs next; empty where nobody needs to."""
        if "next_step" not in self.data:  # a list does not tell it
            self.refresh()
        step = self.data.get("next_step") or {}
        return step.get("role") or ""

    def submit(self) -> Self:
        """Put your own draft forward; the gates answer at once."""
        return self._became(self.session.post(f"/api/v1/promotions/{self.id}/submit"))

    def rerun(self) -> Self:
        """Run the gates of a blocked request again, on the evidence of now."""
        return self._became(self.session.post(f"/api/v1/promotions/{self.id}/rerun"))

    def withdraw(self, reason: str) -> Self:
        """Take your own request back before it is decided."""
        return self._became(self.session.post(f"/api/v1/promotions/{self.id}/withdraw", {"reason": reason}))

    def record(self) -> str:
        """The decision record as a page in Markdown: gates, every round of signatures, conditions, findings."""
        headers = {"Accept": "text/markdown"}
        return self.session.send("GET", f"/api/v1/promotions/{self.id}/record", headers=headers).text

    def evidence_pack(self) -> bytes:
        """The decision with all that proves it, as a zip archive that verifies without the server."""
        return self.session.send("GET", f"/api/v1/promotions/{self.id}/evidence-pack").content

    def _repr_html_(self) -> str:
        gates = [[gate.get(name) for name in _GATE] for gate in self.gates]
        return super()._repr_html_() + tables.as_html(_GATE, gates, caption="Gates")


class Promotions(Collection[Promotion]):
    RECORD = Promotion

    def request(self, version: ModelVersion | str, *, slot: Slot | str, policy: Policy | str, reason: str) -> Promotion:
        """Ask for a version to serve in a slot; the gates of the policy answer at once, people sign after that."""
        return self._ask(version, slot, policy, reason=reason, draft=False)

    def draft(self, version: ModelVersion | str, *, slot: Slot | str, policy: Policy | str, reason: str) -> Promotion:
        """Write the request only; ``submit`` puts it forward."""
        return self._ask(version, slot, policy, reason=reason, draft=True)

    def _ask(
        self, version: ModelVersion | str, slot: Slot | str, policy: Policy | str, *, reason: str, draft: bool
    ) -> Promotion:
        body = {
            "model_version": ModelVersions(self._session).get(version).id,
            "slot": slot.key if isinstance(slot, Slot) else slot,
            "policy": Policies(self._session).get(policy).id,
            "reason": reason,
            "draft": draft,
        }
        return self._post("/api/v1/promotions", body)
