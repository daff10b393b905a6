"""What of monitoring stands in the lineage and may be asked for by clauses, told to the floor below at start."""

from registry.services.coverage import kinds as coverage
from registry.services.lineage import kinds as lineage
from registry.services.lineage import relations
from registry.services.lineage.relations import Relation

NEWEST_RUNS = 20
# The newest looks of each monitor only: one that runs every minute has thousands.
_FOUND = f"""
    SELECT monitor.id, run.id FROM monitoring_monitor monitor CROSS JOIN LATERAL (
        SELECT one.id FROM monitoring_monitorrun one WHERE one.monitor_id = monitor.id
        ORDER BY id DESC LIMIT {NEWEST_RUNS}
    ) run
    WHERE monitor.id = ANY(%s::uuid[])
"""
_FOUND_BY = "SELECT monitor_id, id FROM monitoring_monitorrun WHERE id = ANY(%s::uuid[])"
_MONITOR, _RUN = "monitor__slot__system", "monitor__slot"


def install() -> None:
    """Register kinds and edges; called once at start."""
    from monitoring.models import Alert, Monitor, MonitorRun  # apps must be loaded before models can be

    coverage.register("monitor", coverage.Kind(Monitor, "slot__system", path="monitors", related=("slot",)))
    coverage.register("monitor_run", coverage.Kind(MonitorRun, _MONITOR, path="monitor-runs", related=(_RUN,)))
    coverage.register("alert", coverage.Kind(Alert, _MONITOR, path="alerts", related=(_RUN,)))
    watched = lineage.Kind("Monitor", 8, Monitor, "slot__system", ("slot",), "monitors/{id}", ("kind",))
    lineage.register("monitor", watched)
    facts = ("verdict", "n", "report_digest")
    lineage.register("monitor_run", lineage.Kind("Look", 9, MonitorRun, _MONITOR, (_RUN,), "monitor-runs/{id}", facts))
    relations.register(Relation("slot", "is watched by", "monitor", relations.via(Monitor, "slot", "pk")))
    relations.register(Relation("monitor", "found", "monitor_run", relations.asked(_FOUND, _FOUND_BY)))
