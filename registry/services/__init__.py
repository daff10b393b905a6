"""Every change of a governed row: one function, one transaction, one event."""
