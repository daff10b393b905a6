"""Every address of the registry under /api/v1/; a noun's file says what it does."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from registry.api import (
    approvals,
    artifacts,
    conditions,
    coverage,
    datasets,
    documents,
    duties,
    emergencies,
    erasures,
    evaluations,
    evidence,
    explanations,
    factors,
    findings,
    holds,
    incidents,
    inventory,
    lineage,
    models,
    people,
    pipelines,
    policies,
    predictions,
    promotions,
    replays,
    reproductions,
    reviews,
    rollouts,
    runs,
    slots,
    sources,
    subscriptions,
    systems,
    uploads,
    waivers,
)

router = SimpleRouter(trailing_slash=False)
router.register("systems", systems.Systems, basename="systems")
router.register("systems", coverage.Exemptable, basename="systems-coverage")
router.register("coverage", coverage.Coverage, basename="coverage")
router.register("exemptions", coverage.Exemptions, basename="exemptions")
router.register("models", models.Models, basename="models")
router.register("model-versions", models.ModelVersions, basename="model-versions")
router.register("artifacts", artifacts.Artifacts, basename="artifacts")
router.register("inventory", inventory.Inventory, basename="inventory")
router.register("datasets", datasets.Datasets, basename="datasets")
router.register("ingestions", datasets.Ingestions, basename="ingestions")
router.register("dataset-versions", datasets.DatasetVersions, basename="dataset-versions")
router.register("sources", sources.Sources, basename="sources")
router.register("uploads", uploads.Uploads, basename="uploads")
router.register("runs", runs.Runs, basename="runs")
router.register("reproductions", reproductions.Reproductions, basename="reproductions")
router.register("pipelines", pipelines.Pipelines, basename="pipelines")
router.register("pipeline-runs", pipelines.PipelineRuns, basename="pipeline-runs")
router.register("evaluations", evaluations.Evaluations, basename="evaluations")
router.register("explanations", explanations.Explanations, basename="explanations")
router.register("evidence-sets", evidence.EvidenceSets, basename="evidence-sets")
router.register("evidence", evidence.Evidence, basename="evidence")
router.register("predictions", predictions.Predictions, basename="predictions")
router.register("failed-requests", predictions.FailedRequests, basename="failed-requests")
router.register("policies", policies.Policies, basename="policies")
router.register("promotions", promotions.Promotions, basename="promotions")
router.register("promotions", replays.Replays, basename="promotion-replays")
router.register("review-tasks", duties.ReviewTasks, basename="review-tasks")
router.register("delegations", duties.Delegations, basename="delegations")
router.register("findings", findings.Findings, basename="findings")
router.register("waivers", waivers.Waivers, basename="waivers")
router.register("conditions", conditions.Conditions, basename="conditions")
router.register("slots", slots.Slots, basename="slots")
router.register("rollouts", rollouts.Rollouts, basename="rollouts")
router.register("approvals", approvals.Approvals, basename="approvals")
router.register("reviews", reviews.Reviews, basename="reviews")
router.register("holds", holds.Holds, basename="holds")
router.register("emergencies", emergencies.Emergencies, basename="emergencies")
router.register("incidents", incidents.Incidents, basename="incidents")
router.register("subscriptions", subscriptions.Subscriptions, basename="subscriptions")
router.register("accounts", people.Accounts, basename="accounts")
router.register("grants", people.Grants, basename="grants")
# Of the log, by the rules of what is governed here.
router.register("audit/redactions", erasures.Redactions, basename="audit-redactions")
router.register("audit/holds", erasures.Holds, basename="audit-holds")

urlpatterns = [
    path("tokens", people.Tokens.as_view(), name="tokens"),
    path("tokens/current", people.CurrentToken.as_view(), name="current-token"),
    path("me/factor", factors.OwnFactor.as_view(), name="own-factor"),
    path("me/factor/confirm", factors.OwnFactorConfirmation.as_view(), name="own-factor-confirmation"),
    path("me/password", people.OwnPassword.as_view(), name="own-password"),
    path("me", people.Myself.as_view(), name="me"),
    path("datasets/<str:pk>/uploads", uploads.DatasetUploads.as_view({"post": "create"}), name="dataset-uploads"),
    path("slots/<str:key>/predict", predictions.Predict.as_view(), name="predict"),
    path("slots/<str:key>/outcomes", predictions.Outcomes.as_view(), name="outcomes"),
    path("lineage", lineage.Lineage.as_view(), name="lineage"),
    path("lineage.svg", lineage.Picture.as_view(), name="lineage-picture"),
    path("lineage.csv", lineage.Table.as_view(), name="lineage-table"),
    path("lineage/learned-from", lineage.LearnedFrom.as_view(), name="learned-from"),
    path("signing-keys", documents.SigningKeys.as_view(), name="signing-keys"),
    *documents.addresses(),
    *router.urls,
]
