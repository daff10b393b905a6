"""The factories' rows hold together: what they make can be approved and would commit."""

import pytest
from django.db import connection

from tests import factories


@pytest.mark.django_db
def test_approved_made_from_nothing_is_approved_and_audited() -> None:
    request = factories.approved()
    connection.check_constraints()
    assert request.state == "approved"
