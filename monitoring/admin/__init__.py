"""Pages of what watches the slots."""

from monitoring.admin.answering import alerts, rules
from monitoring.admin.watching import calibrations, monitors, profiles, runs

__all__ = ["alerts", "calibrations", "monitors", "profiles", "rules", "runs"]
