"""The audit application."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from audit.database import checks  # noqa: F401  checks reads models, which are there only now
        from audit.watch import metrics

        metrics.register()
