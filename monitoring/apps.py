"""The monitoring application; it tells the registry which of its records it may show, and Prometheus its figures."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = "Monitoring"

    def ready(self) -> None:
        from monitoring import metrics, records  # apps must be loaded before models can be

        records.install()
        metrics.register()
