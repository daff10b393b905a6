"""Programs that we did not write judge what the registry exports."""
