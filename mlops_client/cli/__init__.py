"""The command line: `python -m mlops_client --help`. One file per group of commands."""
