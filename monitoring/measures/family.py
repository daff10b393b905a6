"""A group among those whose intervals hold together: what all of its estimates share."""

from dataclasses import dataclass

from monitoring.measures import intervals
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.group_cells import Attribute


@dataclass(frozen=True, slots=True)
class Member:
    """Makes the estimates of one group of an attribute."""

    attribute: str
    level: str
    n: int
    confidence: float  # as promised for the family
    each: float  # what one interval needs for that: the groups are independent samples, so Sidak's is exact
    detail: Detail

    def estimate(self, metric: str, method: str, value: float, bounds: tuple[float, float]) -> Estimate:
        return Estimate(
            metric, value, *bounds, self.confidence, self.n, method, self.attribute, self.level, dict(self.detail)
        )

    def undefined(self, metric: str, method: str, reason: str) -> Estimate:
        detail: Detail = {**self.detail, "reason": reason}
        return Estimate(metric, None, None, None, self.confidence, self.n, method, self.attribute, self.level, detail)


def members(attribute: Attribute, confidence: float, shared: Detail) -> list[Member]:
    """The groups of an attribute; `shared` is what the details of all say."""
    each = intervals.sidak(confidence, int(attribute.included.sum()))
    sizes = attribute.counts.sum(axis=(1, 2)).tolist()
    return [
        Member(attribute.name, level, n, confidence, each, attribute.standing(place) | shared)
        for place, (level, n) in enumerate(zip(attribute.levels, sizes, strict=True))
    ]
