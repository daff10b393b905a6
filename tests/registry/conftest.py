"""A house for each test: one system with its people, slot, data and policy."""

import pytest

from tests import houses


@pytest.fixture
def house(db: None) -> houses.House:
    return houses.build()
