"""What a check is asked: of which monitor and version, on which rows, and with which parameters."""

from dataclasses import dataclass
from typing import Any

from monitoring.models import Monitor
from monitoring.services.profiles import References
from monitoring.services.windows import Window
from registry.models import ModelVersion


@dataclass(frozen=True)
class Question:
    """`asked` are the monitor's parameters, completed by their defaults."""

    monitor: Monitor
    version: ModelVersion
    window: Window
    asked: dict[str, Any]
    references: References

    @property
    def task(self) -> str:
        return self.version.task
