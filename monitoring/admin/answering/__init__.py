"""Pages of what rang: the board of alerts, and the rules by which they lead to something."""
