"""REST views: parse, fetch, call a service, show."""
