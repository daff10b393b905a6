#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

from mlops_server import errors, processes

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_server.settings")
    try:
        processes.fill_environment(os.environ)
        os.environ["DATABASE_URL"] = processes.database_url("".join(sys.argv[1:2]), os.environ)
    except errors.StartError as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)
