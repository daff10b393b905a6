"""What the log says when the server fails: where, and never with whose password."""

import logging

import pytest
import structlog
from django.db import connection
from django.test import Client

from audit.database import grants
from tests import databases, factories, houses
from tests.clients import signed_in


def break_signing() -> None:
    """From here on the database refuses every signature."""
    with databases.acting_as(grants.OWNER), connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'The disk is full.'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON registry_decision FOR EACH ROW EXECUTE FUNCTION refuse();
        """)


def written(records: list[logging.LogRecord]) -> str:
    """The records as the server's own handler writes them."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    (lines,) = [one for one in formatters if isinstance(one, structlog.stdlib.ProcessorFormatter)]
    return "\n".join(lines.format(record) for record in records)


@pytest.mark.django_db
def test_failure_inside_signing_is_logged_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    house = houses.build()
    promotion = houses.submitted(house)
    client = signed_in(house.validator)
    client.raise_request_exception = False
    code = factories.code(house.validator)
    break_signing()
    body = {"verdict": "approve", "meaning": "independent_validation", "reason": "It holds."}
    path, sent = f"/api/v1/promotions/{promotion.pk}/decisions", {**body, "password": factories.PASSWORD, "code": code}
    answer = client.post(path, sent, headers={"If-Match": str(promotion.revision)})
    output = written(caplog.records)
    assert (answer.status_code, "The disk is full." in output, "in _sign" in output) == (500, True, True)
    assert factories.PASSWORD not in output


@pytest.mark.django_db
def test_failure_of_a_sign_in_is_logged_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    account = factories.person()
    with databases.acting_as(grants.OWNER), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_user RENAME TO elsewhere")
    client = Client(raise_request_exception=False)
    body = {"username": account.username, "password": factories.PASSWORD}
    answer = client.post("/api/v1/tokens", body, content_type="application/json")
    output = written(caplog.records)
    assert (answer.status_code, "Traceback" in output, factories.PASSWORD in output) == (500, True, False)
