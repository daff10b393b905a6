"""Programs that we did not write judge logs that our code wrote."""
