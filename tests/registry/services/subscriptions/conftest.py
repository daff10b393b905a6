"""A receiver on this machine, which the operator allows."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from registry.models import User
from registry.roles import Role
from tests import factories
from tests.receivers import Receiver, receiving


@pytest.fixture
def loopback_allowed(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]


@pytest.fixture
def receiver(loopback_allowed: None) -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def operator(db: None) -> User:
    return factories.person(Role.OPERATOR)
