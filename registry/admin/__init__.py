"""Pages of the governed records: to read, and to act on through the same services as the API."""

from registry.admin import (
    accounts,
    datasets,
    deployments,
    erasures,
    evaluations,
    gates,
    models,
    policies,
    predictions,
    promotions,
    systems,
)

__all__ = [
    "accounts",
    "datasets",
    "deployments",
    "erasures",
    "evaluations",
    "gates",
    "models",
    "policies",
    "predictions",
    "promotions",
    "systems",
]
