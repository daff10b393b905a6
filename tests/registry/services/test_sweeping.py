"""Rounds over rows: one that fails is counted and stops no other."""

from typing import Any

import pytest
from django.db import DatabaseError

from registry.errors import Conflict
from registry.models import Slot
from registry.services import sweeping
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [Conflict("It is held."), DatabaseError("deadlock detected")])
def test_each_counts_a_row_that_fails_and_goes_on(error: Exception) -> None:
    slots, seen = [factories.slot(), factories.slot(), factories.slot()], []

    def work(pk: Any) -> bool:
        seen.append(pk)
        if pk == slots[1].pk:
            raise error
        return pk == slots[2].pk

    assert sweeping.each(Slot.objects.all(), work) == sweeping.Swept(done=1, failed=1)
    assert seen == [slot.pk for slot in slots]


def test_each_lets_a_defect_through() -> None:
    factories.slot()
    with pytest.raises(ZeroDivisionError):
        sweeping.each(Slot.objects.all(), lambda pk: bool(1 / 0))
