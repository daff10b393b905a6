"""Pages of what watches the slots."""

from monitoring.admin.answering import alerts, rules
from monitoring.admin.watching import monitors, profiles, runs

__all__ = ["alerts", "monitors", "profiles", "rules", "runs"]
