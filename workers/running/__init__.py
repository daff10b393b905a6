"""Where a fit runs: a watched process of its own, or the machines of a Dask cluster; and what it came to."""
