"""Evaluation: a registered model judged on rows, as findings that become evidence; one thing measured a file."""
