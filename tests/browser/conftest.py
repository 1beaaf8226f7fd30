"""Fixtures of the browser tests: one Chromium, one server with the demo study, a fresh context a test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

from tests.browser.demo_server import DemoServer, demo_server
from tests.browser.provide import launch_options

PATIENCE_MS = 15_000
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
NewContext = Callable[..., BrowserContext]


# Package, not session: playwright's event loop must not outlive the browser tests in this process.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium as people have it: going back may show a page kept in memory."""
    try:
        browser = playwright.chromium.launch(
            **launch_options(), ignore_default_args=["--disable-back-forward-cache"]
        )
    except Error as error:
        pytest.fail(f"Chromium does not start: run make browser\n{error}", pytrace=False)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with demo_server(tmp_path_factory.mktemp("browser") / "home") as server:
        yield server


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Makes browsers of their own: no cookies, nothing remembered."""
    made = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture(autouse=True)
def tally(browser: Browser, record_property: Callable[[str, object], None]) -> None:
    """Note what really ran in Chromium; tests/conftest.py prints the number at the end."""
    record_property("chromium", browser.version)
