"""The watch over the log: the whole of it compared with itself, with its keys and with the rows that it speaks of."""
