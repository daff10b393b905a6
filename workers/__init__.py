"""When and where long work runs: ingestion, pipelines and the tasks that call them; no governance rules here."""
