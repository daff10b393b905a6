"""The watch over the log."""
