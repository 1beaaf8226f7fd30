"""Takes the pictures in docs/screenshots: `python -m tests.browser.screenshots`."""

import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser import gallery, staff_gallery
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.demo_server import DemoServer, demo_server
from tests.browser.provide import launch_options

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def take_all(browser: Browser, server: DemoServer, options: dict[str, Any]) -> None:
    width = options["viewport"]["width"]

    def new_context() -> BrowserContext:
        return browser.new_context(**options, reduced_motion="reduce")

    pages = itertools.chain(
        gallery.gallery(server, new_context), staff_gallery.staff_gallery(server, new_context)
    )
    for name, page in pages:
        page.mouse.move(0, 0)
        path = FOLDER / f"{name}-{width}.png"
        page.screenshot(path=path, full_page=True, animations="disabled", caret="initial")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        demo_server(Path(home) / "home") as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(**launch_options()) as browser,
    ):
        for options in (PHONE, DESKTOP):
            take_all(browser, server, options)
    pictures = list(FOLDER.glob("*.png"))
    size_kb = sum(picture.stat().st_size for picture in pictures) // 1024
    sys.stdout.write(
        f"Wrote {len(list(FOLDER.glob('*.png')))} pictures to docs/screenshots ({size_kb} KB).\n"
    )


if __name__ == "__main__":
    main()
