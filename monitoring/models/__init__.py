"""Monitors, their runs and their alerts."""

from monitoring.models.monitors import Alert, Monitor, MonitorRun

__all__ = ["Alert", "Monitor", "MonitorRun"]
