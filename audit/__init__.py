"""An append-only log that others can check; knows nothing of machine learning."""
