"""What is watched and against what, what each look found, and what an alarm leads to."""

from monitoring.models.alerts import Alert, AlertAction, AlertRule
from monitoring.models.monitors import Calibration, Monitor, MonitorRun
from monitoring.models.profiles import ReferenceProfile

__all__ = ["Alert", "AlertAction", "AlertRule", "Calibration", "Monitor", "MonitorRun", "ReferenceProfile"]
