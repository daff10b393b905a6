"""Pages of what watches the slots."""

from monitoring.admin import alerts, monitors

__all__ = ["alerts", "monitors"]
