"""A reviewer's way through the pages, as a person sees them."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, Waiting

PATHS = ("/admin/", "/admin/registry/promotionrequest/", "/admin/audit/event/")


@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_the_window_and_log_no_error(someone: Person, waiting: Waiting, width: int) -> None:
    someone.sign_in(waiting.validator)
    someone.page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for path in (*PATHS, waiting.page, waiting.slot, *waiting.work):
        someone.open(path)
        found[path] = someone.page.evaluate("document.documentElement.scrollWidth")
    assert found == dict.fromkeys(found, width)
    assert someone.errors == []


def test_wrong_password_keeps_the_reason_and_signs_nothing(someone: Person, waiting: Waiting) -> None:
    someone.sign_in(waiting.validator)
    someone.open(waiting.page)
    someone.page.get_by_label("Approve:").check()
    someone.page.get_by_label("Reason").first.fill("I re-ran it.")
    someone.page.get_by_label("Your password, again").fill("not my password")
    someone.page.get_by_label("One-time code").fill("123456")
    someone.page.get_by_role("button", name="Sign", exact=True).click()
    expect(someone.page.locator("#decide").get_by_text("nothing was signed")).to_be_visible()
    assert someone.page.get_by_label("Reason").first.input_value() == "I re-ran it."
    assert someone.page.get_by_label("Your password, again").input_value() == ""


def test_request_is_signed_from_the_queue_to_approval(
    someone_without_scripts: Person, someone: Person, waiting: Waiting
) -> None:
    """The validator's browser runs no scripts at all; the reviewer's does, and takes the second signature."""
    someone_without_scripts.sign_in(waiting.validator)
    someone_without_scripts.page.get_by_role("link", name=waiting.title).click()
    someone_without_scripts.sign(reason="I re-ran the evaluation.", secret=waiting.secrets[waiting.validator])
    expect(someone_without_scripts.page.get_by_text("Your signature is on record.")).to_be_visible()
    someone.sign_in(waiting.reviewer)
    someone.page.get_by_role("link", name=waiting.title).click()
    someone.sign(reason="The small groups are watched.", secret=waiting.secrets[waiting.reviewer])
    expect(someone.page.get_by_text("The request is approved.")).to_be_visible()
    assert someone.errors == []
