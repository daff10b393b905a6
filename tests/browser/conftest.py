"""A real Chromium on the real stack, and a request that waits for its two signatures."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from mlops_server.demo import authenticator
from registry.models import PromotionRequest
from registry.roles import Role
from registry.services import people
from tests import desks, factories, houses
from tests.live import Stack

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The web process knows only the real hashers; the tests' own settings have a quick one.
HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in review: its page, who signs it with which secrets, and the pages of the slot and of the work before.

    The validator also reads every system and so the log; the reviewer holds one role, for this system alone.
    """

    validator: str
    reviewer: str
    secrets: dict[str, str]
    title: str
    page: str
    slot: str
    work: tuple[str, ...]


@pytest.fixture(scope="module")
def waiting(stack: Stack) -> Waiting:
    """Made before the browser starts: Playwright's loop in this thread would keep Django from its database."""
    with override_settings(PASSWORD_HASHERS=HASHERS):
        house = houses.build()
        people.grant(house.validator, Role.AUDITOR, actor=factories.bootstrap())
        secrets = {signer.username: factories.secret(signer) for signer in (house.validator, house.reviewer)}
        request: PromotionRequest = houses.submitted(house)
        version = request.model_version
        records = (version, version.run, version.dataset_version, version.evaluations.get(), house.data.dataset)
    return Waiting(
        validator=house.validator.username,
        reviewer=house.reviewer.username,
        secrets=secrets,
        title=str(request.model_version),
        page=desks.page(request),
        slot=desks.page(house.slot),
        work=tuple(map(desks.page, records)),
    )


@pytest.fixture(scope="module")
def chromium(waiting: Waiting) -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None and "CI" not in os.environ:
        pytest.skip("No Chromium is installed; the tests of the pages need one (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


class Person:
    """Somebody with a browser of their own, and every error that its console showed."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url, self.errors = context, url, list[str]()
        self.page: Page = context.new_page()
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def sign_in(self, username: str) -> None:
        self.open("/admin/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(factories.PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url("**/admin/")

    def sign(self, *, reason: str, secret: str) -> None:
        """Approve, with a code of the authenticator that holds the secret."""
        self.page.get_by_label("Approve:").check()
        self.page.get_by_label("Reason").first.fill(reason)
        self.page.get_by_label("Your password, again").fill(factories.PASSWORD)
        code = authenticator.code(secret, int(time.time()) // authenticator.STEP_SECONDS)
        self.page.get_by_label("One-time code").fill(code)
        self.page.get_by_role("button", name="Sign", exact=True).click()


@pytest.fixture
def someone(chromium: Browser, stack: Stack) -> Iterator[Person]:
    with chromium.new_context() as context:
        yield Person(context, stack.url)


@pytest.fixture
def someone_without_scripts(chromium: Browser, stack: Stack) -> Iterator[Person]:
    with chromium.new_context(java_script_enabled=False) as context:
        yield Person(context, stack.url)
