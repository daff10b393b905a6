"""Documents that cannot drift: read from the records each time, and exports in the field's standards."""
