"""Every page there is: large enough to touch, narrow enough for a phone, accessible to all."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import gallery, staff_gallery
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.demo_server import DemoServer

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
# What is pressed; links inside a sentence are as high as the sentence.
SMALL_TARGETS = """() => [...document.querySelectorAll("label:has(.label), button, .button, .quiet, summary")]
  .map((target) => ({ text: target.textContent.trim(), box: target.getBoundingClientRect() }))
  .filter(({ box }) => box.height && box.height < 44)
  .map(({ text, box }) => `${text}: ${box.height} px`)"""
OVERHANG = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
FAULTS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .map((fault) => `${fault.id}: ${fault.help}: ${fault.nodes.map((node) => node.html).join(" ")}`)"""


@dataclass
class Look:
    """What was measured on one page."""

    small_targets: list[str]
    overhang_px: int
    faults_on_phone: list[str]
    faults_on_desktop: list[str]
    faults_in_the_dark: list[str]


Looks = dict[str, Look]


@pytest.fixture(scope="module")
def looks(browser: Browser, server: DemoServer) -> Looks:
    """Visits every page once. The policy is bypassed so that axe can be brought in from outside."""

    def new_context() -> BrowserContext:
        return browser.new_context(**PHONE, bypass_csp=True, reduced_motion="reduce")

    pages = itertools.chain(
        gallery.gallery(server, new_context), staff_gallery.staff_gallery(server, new_context)
    )
    return {name: look(page) for name, page in pages}


def look(page: Page) -> Look:
    page.add_script_tag(content=AXE)
    small_targets, faults_on_phone = page.evaluate(SMALL_TARGETS), page.evaluate(FAULTS)
    page.set_viewport_size({"width": 320, "height": 640})
    overhang_px = page.evaluate(OVERHANG)
    page.set_viewport_size(DESKTOP["viewport"])
    faults_on_desktop = page.evaluate(FAULTS)
    page.emulate_media(color_scheme="dark")
    faults_in_the_dark = page.evaluate(FAULTS)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE["viewport"])
    return Look(small_targets, overhang_px, faults_on_phone, faults_on_desktop, faults_in_the_dark)


def found(looks: Looks, attribute: str) -> dict[str, Any]:
    """What is wrong, by page."""
    return {name: value for name, look in looks.items() if (value := getattr(look, attribute))}


def test_every_page_is_looked_at(looks: Looks) -> None:
    assert sorted(looks) == sorted([*gallery.NAMES, *staff_gallery.NAMES])


def test_every_target_is_at_least_44_px_high_on_a_phone(looks: Looks) -> None:
    assert found(looks, "small_targets") == {}


def test_no_page_scrolls_sideways_at_320_px(looks: Looks) -> None:
    assert found(looks, "overhang_px") == {}


def test_axe_finds_nothing_on_any_page_on_a_phone(looks: Looks) -> None:
    assert found(looks, "faults_on_phone") == {}


def test_axe_finds_nothing_on_any_page_on_a_desktop(looks: Looks) -> None:
    assert found(looks, "faults_on_desktop") == {}


def test_a_server_that_has_shown_every_page_has_not_loaded_pytorch(looks: Looks, server: DemoServer) -> None:
    assert looks
    process = psutil.Process(server.process.pid)
    mapped = {
        entry.path for one in (process, *process.children(recursive=True)) for entry in one.memory_maps()
    }
    assert any("sqlalchemy" in path for path in mapped)  # the right process was looked at
    assert [path for path in mapped if "torch" in path] == []


def test_axe_finds_nothing_on_any_page_in_the_dark(looks: Looks) -> None:
    assert found(looks, "faults_in_the_dark") == {}
