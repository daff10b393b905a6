"""The server's application."""

from django.apps import AppConfig


class ServerConfig(AppConfig):
    name = "mlops_server"
    verbose_name = "Server"
