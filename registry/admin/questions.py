"""What a page asks beside a reason: fields of a form, the same for making a record and for acting on one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a page asks. kind: line, text, choice (one of), several (any of), time, or given (fixed)."""

    name: str
    label: str
    kind: str = "line"
    help: str = ""
    choices: Sequence[tuple[str, Any]] = ()
    required: bool = True
    value: str = ""
    values: Sequence[str] = ()

    def answered(self, given: QueryDict) -> "Question":
        """The question with what was typed or what a link named; as it stands where neither was."""
        if not given:
            return self
        return replace(self, value=given.get(self.name, self.value), values=given.getlist(self.name))
