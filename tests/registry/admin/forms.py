"""What the forms of the pages send."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.utils import timezone

from registry.models import User
from tests import desks, factories


def signature(account: User, **given: Any) -> dict[str, Any]:
    """A reason, a password and a code that work now."""
    return {"reason": "It has to be.", "password": factories.PASSWORD, "code": factories.code(account), **given}


def post(account: User, row: Model, act: str, **given: Any) -> HttpResponse:
    """Press a button of a row's page."""
    return desks.at(account).post(desks.page(row, act), given)  # type: ignore[return-value]


def offered(account: User, row: Model) -> list[str]:
    """The buttons that a page shows to somebody."""
    return [act.name for act in desks.at(account).get(desks.page(row)).context["offers"]]


def in_days(days: int) -> str:
    """A day to come, as a browser writes one."""
    return written(timezone.now() + timedelta(days=days))


def written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"
