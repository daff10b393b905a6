"""A Celery worker with an environment of its own, for the detectors of alibi-detect; imports nothing of ours."""
