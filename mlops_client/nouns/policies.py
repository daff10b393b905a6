"""Policies: what a version must show before it may serve."""

from dataclasses import dataclass
from datetime import datetime

from mlops_client.errors import Unusable
from mlops_client.nouns.base import Collection, Record, missing, no_version, numbered


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
        name, number = numbered(name)
        versions = {one.version: one for one in self.all(name=name)}
        if not versions:
            raise missing("policy", name, (one.name for one in self))
        effective = [one.version for one in versions.values() if one.state == "effective"]
        if number is None and not effective:
            raise Unusable(f"No version of the policy {name} is effective.")
        number = effective[0] if number is None else number
        if number not in versions:
            raise no_version(name, number, max(versions))
        return versions[number]
