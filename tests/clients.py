"""Callers of the API, as strangers have them: a token in a header, JSON in and out."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from registry.models import User
from tests import factories


def signed_in(account: User) -> APIClient:
    """A client that sends a token of this account with every request."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=factories.token(account))
    return client


def count_queries(client: APIClient, path: str) -> int:
    """How many queries a GET takes; it must succeed."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
