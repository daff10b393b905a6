"""How the log is kept: the archive and backups."""
