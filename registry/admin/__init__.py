"""Pages of the governed records: to read, and to act on through the same services as the API."""

from registry.admin import signed, subscriptions, systems
from registry.admin.data import datasets, ingestions, sources
from registry.admin.decisions import conditions, findings, gates, policies, promotions, waivers
from registry.admin.evidence import evaluations, explanations
from registry.admin.people import accounts, duties, erasures
from registry.admin.serving import deployments, holds, incidents, predictions, reviews
from registry.admin.training import models, pipelines, reproductions, runs

__all__ = [
    "accounts",
    "conditions",
    "datasets",
    "deployments",
    "duties",
    "erasures",
    "evaluations",
    "explanations",
    "findings",
    "gates",
    "holds",
    "incidents",
    "ingestions",
    "models",
    "pipelines",
    "policies",
    "predictions",
    "promotions",
    "reproductions",
    "reviews",
    "runs",
    "signed",
    "sources",
    "subscriptions",
    "systems",
    "waivers",
]
