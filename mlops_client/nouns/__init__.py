"""What the server keeps, one file per noun: the record with what can be done to it, and the collection it is in."""
