"""A study that pays, in Chromium: checked, previewed, recruited for, taken, erased."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, NewContext
from tests.browser.demo_server import DemoServer
from tests.browser.test_researcher import sign_in
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
PREVIEW = "Preview: answers given here are not counted."
CODE, PERSON = "SENTINEL7", "5f00aa00aa00aa00aa00aa01"


def define(page: Page) -> None:
    """The example, made for Prolific: what is wrong is said before it is stored."""
    page.get_by_role("link", name="New study").click()
    field = page.get_by_label("Definition")
    example = field.input_value()
    assert "audience: people" in example
    bundles = example.replace("bundle: mt", "bundle: smollm2-mt").replace("bundle: cf", "bundle: smollm2-cf")
    paid = bundles.replace("platform: link", "platform: prolific").replace("THANKS", CODE)
    paid = paid.replace("set: everyday", "set: demo").replace("slug: my-study", "slug: paid")
    field.fill(paid.replace("count: 24", "count: 99"))
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_text(re.compile("99 asked, but there are"))).to_be_visible()
    page.get_by_label("Definition").fill(paid.replace("slug: paid", "slug: demo"))
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_text("The slug 'demo' is taken")).to_be_visible()
    page.get_by_label("Definition").fill(paid)
    page.get_by_role("button", name="Store").click()


def preview(page: Page, server: DemoServer) -> None:
    """Every page says what it is, and the last one shows a code that pays nobody."""
    page.get_by_role("link", name="Preview").click()
    visitor = Visitor(page, server.address, "paid")
    expect(page.get_by_text(PREVIEW)).to_be_visible()
    visitor.go_on()
    while visitor.place != "done":
        expect(page.get_by_text(PREVIEW)).to_be_visible()
        visitor.rush()
    expect(page.get_by_text(PREVIEW)).to_be_visible()
    assert CODE not in page.content()


def test_a_study_that_pays_is_checked_previewed_recruited_for_taken_and_erased(
    server: DemoServer, new_context: NewContext
) -> None:
    page = new_context(**DESKTOP).new_page()
    sign_in(page, server, "paula@example.org")
    define(page)
    expect(page.get_by_label("Link to paste")).to_contain_text("PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID=")
    expect(page.get_by_text("people reach the target when all of them complete")).to_be_visible()
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_role("status")).to_contain_text("The study is live: version 1")
    preview(page, server)

    person = Visitor(new_context(**PHONE).new_page(), server.address, "paid", hand="tap")
    person.open(f"/s/paid?PROLIFIC_PID={PERSON}&STUDY_ID=s&SESSION_ID=t")
    person.go_on()
    while person.place != "done":
        person.rush()
    expect(person.page.get_by_text(CODE)).to_be_visible()
    assert server.responses(person.code) == 6
    person.page.get_by_role("link", name="Delete my answers").tap()
    person.page.get_by_text("Yes, delete everything I answered").tap()
    person.go_on("Delete my answers")
    expect(person.page.get_by_text("Your answers, your id and the times were deleted.")).to_be_visible()
    expect(person.page.get_by_text(CODE)).to_be_visible()  # what was earned is still paid
    assert server.responses(person.code) == 0
    assert server.query("SELECT count(*) FROM participant WHERE external_id = ?", PERSON) == [(0,)]
