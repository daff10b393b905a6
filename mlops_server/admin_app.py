"""The admin as an application: our own site with our own pages only. It is loaded before any model is."""

from importlib import import_module

from django.contrib import admin
from django.contrib.admin import sites
from django.contrib.admin.apps import SimpleAdminConfig

#: The packages whose records have pages. Others' (groups, tokens, schedules) could be edited there, past every service.
PAGES = ("audit.admin", "audit.watch.admin", "registry.admin", "monitoring.admin")


class AdminConfig(SimpleAdminConfig):
    """Puts our site where unfold's application has put its plain one, then loads the pages."""

    def ready(self) -> None:
        from mlops_server.admin_site import Site  # reads models, which are there by now

        super().ready()
        admin.site = sites.site = Site()
        for module in PAGES:
            import_module(module)
