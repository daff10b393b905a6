"""What every job shows of its progress, whatever the work is."""

PROGRESS = [
    "state",
    "progress_percent",
    "progress_message",
    "attempts",
    "failure",
    "requested_by",
    "started_at",
    "finished_at",
    "created_at",
]
