"""Policies: what a version must show before it may serve."""

from dataclasses import dataclass
from datetime import datetime

from mlops_client.errors import Unusable
from mlops_client.nouns.base import Collection, Record, numbered


@dataclass(kw_only=True, repr=False)
class Policy(Record):
    PATH = "/api/v1/policies"
    SHOWN = ("name", "version", "state", "effective_from", "id")

    name: str
    version: int
    state: str
    digest: str
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    created_at: datetime


class Policies(Collection[Policy]):
    """By id, ``name@version``, or the bare name for the version that is effective."""

    RECORD = Policy

    def _named(self, name: str) -> Policy:
        name, version = numbered(name)
        narrowed = {"state": "effective"} if version is None else {"version": version}
        found = self.all(name=name, **narrowed).first()
        if found is None:
            raise Unusable(f"No policy {name!r} is effective." if version is None else f"{name} has no such version.")
        return found
