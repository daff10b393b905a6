"""The workers application; it tells the registry how contracts and recipes are read."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"
    verbose_name = "Workers"

    def ready(self) -> None:
        from workers import grammars  # apps must be loaded before errors and models can be

        grammars.install()
