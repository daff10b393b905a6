"""Reference profiles: what a table was like when a model was approved; made once, stored, and compared with ever since.

    profile = profiles.make(table, {"age": "numeric", "job": "categorical"})
    raw = profiles.to_bytes(profile)                        # the same table gives the same bytes, everywhere
    profiles.from_bytes(raw)

A table larger than memory is counted in parts, which add up exactly:

    frames = profiles.frames(some_rows, kinds)
    counted = sum((profiles.count(frames, part) for part in parts), start=profiles.nothing(frames))
    profile = profiles.finish(frames, counted)
"""

from monitoring.measures.profiles.counting import Summary, count, nothing
from monitoring.measures.profiles.framing import Categorical, Frames, Kind, Numeric, frames
from monitoring.measures.profiles.profile import CategoricalColumn, Column, NumericColumn, Profile, finish, make
from monitoring.measures.profiles.stored import from_bytes, to_bytes

__all__ = [
    "Categorical",
    "CategoricalColumn",
    "Column",
    "Frames",
    "Kind",
    "Numeric",
    "NumericColumn",
    "Profile",
    "Summary",
    "count",
    "finish",
    "frames",
    "from_bytes",
    "make",
    "nothing",
    "to_bytes",
]
