"""Our own comparisons of two samples."""

from monitoring.detectors import by_column, drift, joint

ALL = [drift.DRIFT, *by_column.ALL, *joint.ALL]
