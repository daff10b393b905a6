"""One thing found: a figure of some kind, and what belongs to it that is no figure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from monitoring.measures.curves import Curve
from monitoring.measures.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Finding:
    """An estimate under the kind of evidence that it is; `fields` are JSON beside the estimate's own detail."""

    kind: str
    figure: Estimate
    fields: dict[str, Any] = field(default_factory=dict)
    paired: bool = False


def of(kind: str, figures: Iterable[Estimate]) -> list[Finding]:
    """The figures as findings of one kind."""
    return [Finding(kind, one) for one in figures]


def curve(found: Curve, *, group: str = "", method: str = "empirical") -> Finding:
    """A curve's points as a finding: `fields` hold its columns and which of them are drawn."""
    fields = {"x": found.x, "y": found.y, "columns": found.columns, **found.detail}
    return document("curve", found.name, fields, n=found.n, method=method, group=group)


def document(
    kind: str, metric: str, fields: dict[str, Any], *, n: int, method: str, attribute: str = "", group: str = ""
) -> Finding:
    """What has no single value: its fields are the finding."""
    place = attribute or ("class" if group else "")
    figure = Estimate(metric, None, None, None, 0.0, n, method, attribute=place, group=group)
    return Finding(kind, figure, fields)
