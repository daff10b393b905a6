"""Pipelines: definitions from source to candidate, who may start them, and the passes that follow them."""
