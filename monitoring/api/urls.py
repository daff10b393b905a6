"""Every address of monitoring under /api/v1/; a noun's file says what it does."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from monitoring.api import alerts, calibrations, kinds, monitors, profiles, rules

router = SimpleRouter(trailing_slash=False)
router.register("monitors", monitors.Monitors, basename="monitors")
router.register("monitor-runs", monitors.MonitorRuns, basename="monitor-runs")
router.register("calibrations", calibrations.Calibrations, basename="calibrations")
router.register("reference-profiles", profiles.ReferenceProfiles, basename="reference-profiles")
router.register("alerts", alerts.Alerts, basename="alerts")
router.register("alert-rules", rules.AlertRules, basename="alert-rules")

urlpatterns = [path("monitor-kinds", kinds.MonitorKinds.as_view(), name="monitor-kinds"), *router.urls]
