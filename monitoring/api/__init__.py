"""REST views of monitors, their runs and alerts."""
