"""A house and something that watches it."""

import pytest

from monitoring.models import Monitor
from tests import houses
from tests.houses import House
from tests.monitoring.services.alerts import make


@pytest.fixture
def house(db: None) -> House:
    return houses.build()


@pytest.fixture
def monitor(house: House) -> Monitor:
    return make.monitor(house)
