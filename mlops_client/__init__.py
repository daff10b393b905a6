"""A client for data scientists: register, train, follow, compare, request. docs/client.md walks through it."""

from mlops_client.client import Client
from mlops_client.comparing import Comparison
from mlops_client.errors import (
    ClientError,
    Conflict,
    Invalid,
    JobCancelled,
    JobFailed,
    NotFound,
    NotPermitted,
    NotSignedIn,
    Problem,
    ServerFailed,
    TooManyRequests,
    Unreachable,
    Unusable,
)

__all__ = [
    "Client",
    "ClientError",
    "Comparison",
    "Conflict",
    "Invalid",
    "JobCancelled",
    "JobFailed",
    "NotFound",
    "NotPermitted",
    "NotSignedIn",
    "Problem",
    "ServerFailed",
    "TooManyRequests",
    "Unreachable",
    "Unusable",
]
