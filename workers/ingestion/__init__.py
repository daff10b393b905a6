"""Bring data in: read files, describe them and hold them against a contract."""
