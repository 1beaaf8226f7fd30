"""Every page a participant can meet: large enough to touch, narrow enough for a phone, accessible."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, NewContext
from tests.browser.demo_server import DemoServer
from tests.browser.gallery import gallery

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
# What is pressed; links inside a sentence are as high as the sentence.
SMALL_TARGETS = """() => [...document.querySelectorAll("label:has(.label), button, .button, .quiet, summary")]
  .map((target) => ({ text: target.textContent.trim(), box: target.getBoundingClientRect() }))
  .filter(({ box }) => box.height && box.height < 44)
  .map(({ text, box }) => `${text}: ${box.height} px`)"""
FAULTS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .map((fault) => `${fault.id}: ${fault.help}: ${fault.nodes.map((node) => node.html).join(" ")}`)"""


