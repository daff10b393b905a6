"""One measured number: its value, its interval, the rows behind it and how it was found."""

from dataclasses import dataclass, field

Detail = dict[str, str | int | float | bool]
#: The attribute of figures that are told by column of a table; the group is the column's name.
COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the two-sided interval [low, high] at `confidence`, from `n` rows; every field is JSON as it stands.

    `value` is None where the metric is undefined, and `detail["reason"]` says why; a value whose interval is undefined
    has the reason too. `attribute` is "" for all rows, else "SEX", or "SEX+RAC1P" for an intersection, and `group` its
    level ("2", "2+1"); an attribute without a group is a summary over its groups.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str
    attribute: str = ""
    group: str = ""
    detail: Detail = field(default_factory=dict)
