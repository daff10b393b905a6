"""Every address of the registry under /api/v1/; a noun's file says what it does."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from registry.api import (
    datasets,
    erasures,
    evaluations,
    evidence,
    models,
    people,
    policies,
    predictions,
    promotions,
    rollouts,
    runs,
    slots,
    systems,
)

router = SimpleRouter(trailing_slash=False)
router.register("systems", systems.Systems, basename="systems")
router.register("models", models.Models, basename="models")
router.register("model-versions", models.ModelVersions, basename="model-versions")
router.register("datasets", datasets.Datasets, basename="datasets")
router.register("ingestions", datasets.Ingestions, basename="ingestions")
router.register("dataset-versions", datasets.DatasetVersions, basename="dataset-versions")
router.register("runs", runs.Runs, basename="runs")
router.register("evaluations", evaluations.Evaluations, basename="evaluations")
router.register("evidence-sets", evidence.EvidenceSets, basename="evidence-sets")
router.register("evidence", evidence.Evidence, basename="evidence")
router.register("predictions", predictions.Predictions, basename="predictions")
router.register("policies", policies.Policies, basename="policies")
router.register("promotions", promotions.Promotions, basename="promotions")
router.register("slots", slots.Slots, basename="slots")
router.register("rollouts", rollouts.Rollouts, basename="rollouts")
router.register("accounts", people.Accounts, basename="accounts")
router.register("grants", people.Grants, basename="grants")
# Of the log, by the rules of what is governed here.
router.register("audit/redactions", erasures.Redactions, basename="audit-redactions")
router.register("audit/holds", erasures.Holds, basename="audit-holds")

urlpatterns = [
    path("tokens", people.Tokens.as_view(), name="tokens"),
    path("tokens/current", people.CurrentToken.as_view(), name="current-token"),
    path("me/password", people.OwnPassword.as_view(), name="own-password"),
    path("me", people.Myself.as_view(), name="me"),
    path("slots/<str:key>/predict", predictions.Predict.as_view(), name="predict"),
    path("slots/<str:key>/outcomes", predictions.Outcomes.as_view(), name="outcomes"),
    *router.urls,
]
