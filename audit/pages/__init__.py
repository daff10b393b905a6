"""What every page of a record is built from: values as people read them, lists, and the record's own events."""
