"""The audit application."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from audit import checks, metrics  # noqa: F401  checks reads models, which are there only now

        metrics.register()
