"""Answers that have not arrived stay where they were typed, and nowhere else."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Playwright, expect

from tests.browser.conftest import DESKTOP, PATIENCE_MS, NewContext
from tests.browser.demo_server import DemoServer
from tests.browser.gateway import Gateway, gateway
from tests.browser.provide import launch_options
from tests.browser.visitor import COMMENT, Visitor

pytestmark = pytest.mark.browser
STORED_IN_TAB = "() => Object.keys(sessionStorage)"


@pytest.fixture(scope="module", params=["kept in memory", "loaded again"])
def any_browser(
    request: pytest.FixtureRequest, playwright: Playwright, browser: Browser
) -> Iterator[Browser]:
    """Chromium that shows a page out of memory when a person goes back, and Chromium that asks the server."""
    if request.param == "kept in memory":
        yield browser
        return
    forgetful = playwright.chromium.launch(**launch_options())  # playwright turns that memory off
    yield forgetful
    forgetful.close()


@pytest.fixture
def relay(server: DemoServer) -> Iterator[Gateway]:
    with gateway(server.address) as relay:
        yield relay


@pytest.fixture
def rater(any_browser: Browser, relay: Gateway) -> Iterator[Visitor]:
    """Somebody who has answered the whole first item behind the gateway and not sent it yet."""
    context = any_browser.new_context(**DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(context.new_page(), relay.address)
    visitor.start()
    visitor.rush_to("rate")
    visitor.fill_in()
    visitor.write(COMMENT)
    yield visitor
    context.close()


def expect_typed(visitor: Visitor) -> None:
    for (_, name), value in visitor.chosen.items():
        expect(visitor.page.locator(f"#{name}-{value}")).to_be_checked()
    expect(visitor.page.locator("textarea")).to_have_value(COMMENT)


def send_into_a_502(visitor: Visitor, relay: Gateway) -> None:
    relay.mood = "refusing forms"
    visitor.go_on()
    expect(visitor.page.get_by_role("heading", name="502 Bad Gateway")).to_be_visible()
    assert relay.refused == 1
    relay.mood = "passing"


def test_after_a_502_back_brings_the_answers_up_and_says_that_they_are_not_stored(
    rater: Visitor, relay: Gateway, server: DemoServer
) -> None:
    send_into_a_502(rater, relay)
    rater.page.go_back(wait_until="commit")
    expect(rater.page.get_by_role("status")).to_have_text(
        "Your answers are not stored yet. Please send them again."
    )
    expect_typed(rater)
    assert server.responses(rater.code) == 0
    rater.go_on()
    assert rater.place != "rate/1"
    assert server.responses(rater.code) == 1
    [comment] = {row["comment"] for row in server.export(rater.code)}
    assert comment == COMMENT


def test_back_while_nobody_answers_keeps_the_answers_until_they_can_be_sent(
    rater: Visitor, relay: Gateway, server: DemoServer, browser: Browser
) -> None:
    link = f"/p/{rater.code}"
    send_into_a_502(rater, relay)
    relay.mood = "silent"
    with suppress(Error):  # without the page in memory, Chromium shows its own page about this
        rater.page.go_back(wait_until="commit")
    if rater.page.context.browser == browser:
        expect(rater.page.get_by_role("status")).to_contain_text("The study does not answer at the moment.")
        expect_typed(rater)
    else:
        rater.page.wait_for_url("chrome-error://**")
    relay.mood = "passing"
    rater.open(link)
    expect_typed(rater)
    rater.go_on()
    assert server.responses(rater.code) == 1


def test_leaving_and_going_back_restores_what_was_chosen_and_written(
    rater: Visitor, server: DemoServer
) -> None:
    page = rater.page
    for way_back in ("Go back and continue", "the browser's Back"):
        page.get_by_role("link", name="Leave the study").click()
        expect(page.get_by_role("heading", name="Leave the study?")).to_be_visible()
        if way_back == "the browser's Back":
            page.go_back(wait_until="commit")
        else:
            page.get_by_role("link", name=way_back).click()
        expect(page.get_by_role("heading", name="The model’s explanation")).to_be_visible()
        expect_typed(rater)
        expect(page.get_by_role("status")).to_be_empty()
    rater.go_on()
    assert server.responses(rater.code) == 1


def test_the_next_person_at_this_computer_finds_no_answers_once_the_study_is_finished_or_left(
    new_context: NewContext, server: DemoServer
) -> None:
    context = new_context(**DESKTOP)
    for ending in ("done", "left"):
        visitor = Visitor(context.new_page(), server.address)
        visitor.open("/s/demo")
        context.clear_cookies()
        visitor.start()
        visitor.rush_to("rate")
        visitor.fill_in()
        assert visitor.page.evaluate(STORED_IN_TAB) != []
        if ending == "done":
            visitor.walk_to("done")
        else:
            visitor.page.get_by_role("link", name="Leave the study").click()
            visitor.go_on("Leave the study")
        assert visitor.place == ending
        assert visitor.page.evaluate(STORED_IN_TAB) == []
        assert visitor.page.evaluate("() => Object.keys(localStorage)") == []


def test_what_one_item_got_is_not_put_into_the_next(rater: Visitor) -> None:
    rater.go_on()
    rater.rush_to("rate")
    assert rater.place == "rate/2"
    expect(rater.page.locator("[type=radio]:checked")).to_have_count(0)
    expect(rater.page.locator("textarea")).to_have_value("")


def test_a_failed_check_of_understanding_does_not_bring_its_answers_back(
    new_context: NewContext, server: DemoServer
) -> None:
    visitor = Visitor(new_context(**DESKTOP).new_page(), server.address)
    visitor.start()
    visitor.rush_to("comprehension")
    visitor.choose("question_1", 1)
    visitor.choose("question_2", 1)
    visitor.go_on()
    expect(visitor.page.get_by_text("One or more answers did not fit.")).to_be_visible()
    expect(visitor.page.locator("[type=radio]:checked")).to_have_count(0)
