"""Importing this sets Django up; models can be imported after it, in this process and in those it spawns."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.rig.settings"
django.setup()
