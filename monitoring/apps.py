"""The monitoring application; it tells the registry what of its records lineage shows and clauses may ask for."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = "Monitoring"

    def ready(self) -> None:
        from monitoring import records  # apps must be loaded before models can be

        records.install()
