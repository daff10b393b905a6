"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from mlops_server import processes

processes.leave_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_server.settings")
application = get_wsgi_application()
