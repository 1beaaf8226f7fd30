"""The participant's path in a real browser: by mouse, finger and keyboard, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, NewContext
from tests.browser.demo_server import DemoServer
from tests.browser.visitor import COMMENT, DEMO, Typist, Visitor

pytestmark = pytest.mark.browser
CONSTRUCTS = {f"rating_{number}": construct.key for number, construct in enumerate(DEMO.constructs, 1)}
ITEMS = 12


@pytest.fixture
def visitor(new_context: NewContext, server: DemoServer) -> Visitor:
    return Visitor(new_context(**DESKTOP).new_page(), server.address)


def sent_by(watched: Page | BrowserContext) -> list[str]:
    """The addresses of the forms sent from now on."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    watched.on("request", note)
    return sent


def take_whole_study(visitor: Visitor) -> None:
    visitor.start()
    visitor.walk_to("done")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("you have finished")
    expect(visitor.page.locator("output.code")).to_have_text("HONEYDEMO")


def expect_stored(server: DemoServer, visitor: Visitor) -> None:
    """Every value this visitor sent is in the export, once, and nothing else is."""
    rows = server.export(visitor.code)
    found = {(int(row["position"]), row["construct"]): int(row["value"]) for row in rows}
    sent = {(position, CONSTRUCTS[name]): value for (position, name), value in visitor.chosen.items()}
    assert len(rows) == len(sent) == ITEMS * len(CONSTRUCTS)
    assert found == sent
    assert len({row["item"] for row in rows}) == ITEMS
    assert {row["position"]: row["comment"] for row in rows if row["comment"]} == {"3": COMMENT}


def test_a_participant_takes_the_whole_study_by_finger_on_a_phone(
    new_context: NewContext, server: DemoServer
) -> None:
    visitor = Visitor(new_context(**PHONE).new_page(), server.address, hand="tap")
    take_whole_study(visitor)
    expect_stored(server, visitor)
    [person] = server.export(visitor.code, "participants")
    assert (person["status"], person["attention_passed"]) == ("completed", "2")
    assert person["flags"] in {"", "too_fast"}  # a browser in a test does not read
    assert [person["q_gender"], person["q_country"]] == ["male", "Austria"]


def test_a_participant_takes_the_whole_study_by_mouse_on_a_desktop(
    visitor: Visitor, server: DemoServer
) -> None:
    take_whole_study(visitor)
    expect_stored(server, visitor)


def test_a_participant_takes_the_whole_study_by_keyboard_alone(
    new_context: NewContext, server: DemoServer
) -> None:
    typist = Typist(new_context(**DESKTOP).new_page(), server.address)
    take_whole_study(typist)
    expect_stored(server, typist)


def test_a_participant_takes_the_whole_study_without_javascript(
    new_context: NewContext, server: DemoServer
) -> None:
    visitor = Visitor(new_context(**DESKTOP, java_script_enabled=False).new_page(), server.address)
    take_whole_study(visitor)
    expect_stored(server, visitor)


def test_the_browser_talks_to_the_server_alone_and_has_nothing_to_complain_of(
    new_context: NewContext, server: DemoServer
) -> None:
    context = new_context(**DESKTOP)
    asked: list[str] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    context.on("request", lambda request: asked.append(request.url))
    context.on("console", hear)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    take_whole_study(Typist(context.new_page(), server.address))
    assert len(asked) > 40
    assert [url for url in asked if not url.startswith(f"{server.address}/")] == []
    assert complaints == []


def checked(page: Page) -> list[str]:
    ids: list[str] = page.locator(":checked").evaluate_all("radios => radios.map(radio => radio.id)")
    return ids


def test_number_keys_rate_in_the_group_that_has_the_focus_and_enter_goes_on(visitor: Visitor) -> None:
    visitor.start()
    visitor.rush_to("rate")
    page, keyboard = visitor.page, visitor.page.keyboard
    expect(page.get_by_text("keys 1–5 answer it and lead to the next")).to_be_visible()
    page.locator("#rating_1-1").focus()
    for number, key in enumerate("13524", 1):
        keyboard.press(key)
        expect(page.locator(f"#rating_{number}-{key}")).to_be_checked()
        focused = f"#rating_{number + 1}-1" if number < 5 else "#rating_5-4"
        expect(page.locator(focused)).to_be_focused()
    page.locator("#rating_2-3").focus()
    keyboard.press("1")
    assert checked(page) == ["rating_1-1", "rating_2-1", "rating_3-5", "rating_4-2", "rating_5-4"]
    with page.expect_navigation():
        keyboard.press("Enter")
    assert visitor.place in {"rate/2", "check/1"}


def test_number_keys_rate_nothing_while_no_group_has_the_focus(visitor: Visitor) -> None:
    visitor.start()
    visitor.rush_to("rate")
    page, keyboard = visitor.page, visitor.page.keyboard
    keyboard.type("12345")
    for outside in (page.get_by_role("link", name="Leave the study"), visitor.button()):
        outside.focus()
        keyboard.type("34")
    page.locator("textarea").focus()
    keyboard.type("34")
    expect(page.locator("textarea")).to_have_value("34")
    assert checked(page) == []


@pytest.mark.parametrize("kind", ["comprehension", "check", "questionnaire"])
def test_typing_34_outside_the_rating_form_answers_no_question(visitor: Visitor, kind: str) -> None:
    visitor.start()
    visitor.rush_to(kind)
    expect(visitor.page.get_by_text("Keyboard:")).to_have_count(0)
    visitor.page.locator("[type=radio]").first.focus()
    visitor.page.keyboard.type("34")
    assert checked(visitor.page) == []


def test_without_javascript_a_missing_rating_brings_the_page_back_with_the_other_answers(
    new_context: NewContext, server: DemoServer
) -> None:
    visitor = Visitor(new_context(**PHONE, java_script_enabled=False).new_page(), server.address, hand="tap")
    visitor.start()
    visitor.rush_to("rate")
    visitor.fill_in(left_open=("rating_2",))
    visitor.write(COMMENT)
    visitor.go_on()
    page = visitor.page
    assert visitor.place == "rate/1"
    expect(page.get_by_role("alert")).to_contain_text(DEMO.constructs[1].statement)
    expect(page.locator("#rating_2-error")).to_have_text("Please choose an answer.")
    expect(page.locator("#rating_2-1")).to_be_focused()
    for (_, name), value in visitor.chosen.items():
        expect(page.locator(f"#{name}-{value}")).to_be_checked()
    expect(page.locator("textarea")).to_have_value(COMMENT)
    assert server.responses(visitor.code) == 0
    visitor.choose("rating_2", 5)
    visitor.go_on()
    assert server.responses(visitor.code) == 1


def test_a_blocked_next_names_the_missing_statement_shows_it_and_sends_nothing(
    new_context: NewContext, server: DemoServer
) -> None:
    visitor = Visitor(new_context(**PHONE).new_page(), server.address, hand="tap")
    visitor.start()
    visitor.rush_to("rate")
    visitor.fill_in(left_open=("rating_2",))
    page, statement = visitor.page, DEMO.constructs[1].statement
    sent = sent_by(page)
    expect(page.get_by_text(statement, exact=True)).not_to_be_in_viewport()
    visitor.press(visitor.button())
    expect(page.get_by_role("status")).to_have_text(f"One answer is missing: “{statement}”")
    expect(page.locator("#rating_2-error")).to_have_text("Please choose an answer.")
    expect(page.get_by_text(statement, exact=True)).to_be_in_viewport(ratio=1)
    expect(page.locator("#rating_2-1")).to_be_focused()
    assert (visitor.place, sent) == ("rate/1", [])
    visitor.choose("rating_2", 3)
    expect(page.locator("#rating_2-error")).to_be_hidden()
    expect(page.get_by_role("status")).to_be_empty()
    visitor.go_on()
    assert len(sent) == 1
    assert server.responses(visitor.code) == 1


def test_a_double_click_on_next_sends_one_submission(visitor: Visitor, server: DemoServer) -> None:
    visitor.start()
    visitor.rush_to("rate")
    visitor.fill_in()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/rate/1", hold)  # a slow network: the page stays while nothing answers
    visitor.button().scroll_into_view_if_needed()
    box = visitor.button().bounding_box()
    assert box is not None
    for _ in range(2):
        visitor.page.mouse.click(box["x"] + 10, box["y"] + 10)
        visitor.page.wait_for_timeout(150)
    visitor.page.wait_for_timeout(300)
    assert [route.request.method for route in held] == ["POST"]
    with visitor.page.expect_navigation():
        held[0].continue_()
    assert visitor.place != "rate/1"
    assert server.responses(visitor.code) == 1


def test_without_javascript_a_double_click_on_next_stores_one_answer(
    new_context: NewContext, server: DemoServer
) -> None:
    visitor = Visitor(new_context(**DESKTOP, java_script_enabled=False).new_page(), server.address)
    visitor.start()
    visitor.rush_to("rate")
    visitor.fill_in()
    visitor.button().dblclick()  # the second click gives up the first one's navigation, so none is waited for
    expect(visitor.page.locator(".place")).to_have_text(re.compile(r"^Explanation 2|^1 of 12"))
    assert server.responses(visitor.code) == 1


def test_a_double_click_on_start_makes_one_participant(visitor: Visitor, server: DemoServer) -> None:
    [(before,)] = server.query("SELECT count(*) FROM participant")
    visitor.open()
    with visitor.page.expect_navigation():
        visitor.button().dblclick()
    assert visitor.place == "consent"
    assert server.query("SELECT count(*) FROM participant") == [(before + 1,)]


def answer_first_item(visitor: Visitor) -> str:
    """Rate the first item; the address of the page that is now the only one."""
    visitor.start()
    visitor.rush_to("rate")
    visitor.rush()
    return visitor.page.url


def test_reload_back_and_bookmark_lead_to_the_present_page(visitor: Visitor, server: DemoServer) -> None:
    present = answer_first_item(visitor)
    page = visitor.page
    page.reload()
    assert page.url == present
    page.go_back(wait_until="commit")
    expect(page).to_have_url(present)
    visitor.open(f"/p/{visitor.code}/rate/1")
    assert page.url == present
    visitor.open(f"/p/{visitor.code}/consent")
    assert page.url == present
    visitor.open()
    visitor.go_on("Go to your page")
    assert page.url == present
    assert server.responses(visitor.code) == 1


def test_back_leads_on_from_a_page_that_the_browser_kept_in_memory(visitor: Visitor) -> None:
    visitor.start()
    visitor.answer()
    page, present = visitor.page, visitor.page.url
    page.go_back(wait_until="commit")
    expect(page).to_have_url(present)
    expect(page.get_by_role("heading", name="Instructions")).to_be_visible()


def test_back_from_the_leave_page_keeps_the_answers_chosen_so_far(visitor: Visitor) -> None:
    visitor.start()
    visitor.rush_to("rate")
    visitor.choose("rating_1", 4)
    page = visitor.page
    page.get_by_role("link", name="Leave the study").click()
    expect(page.get_by_role("heading", name="Leave the study?")).to_be_visible()
    page.go_back(wait_until="commit")
    expect(page.locator("#rating_1-4")).to_be_checked()
    visitor.fill_in()
    visitor.go_on()
    assert visitor.place != "rate/1"


def test_a_second_tab_stores_nothing_twice(visitor: Visitor, server: DemoServer) -> None:
    answer_first_item(visitor)
    visitor.rush_to("rate")
    other = Visitor(visitor.page.context.new_page(), server.address)
    other.open(visitor.path)
    assert other.page.url == visitor.page.url
    other.fill_in()
    visitor.answer()
    other.choose("rating_1", 6 - visitor.chosen[2, "rating_1"])
    other.go_on()
    assert other.page.url == visitor.page.url
    assert server.responses(visitor.code) == 2
    values = {
        row["construct"]: int(row["value"]) for row in server.export(visitor.code) if row["position"] == "2"
    }
    assert values == {key: visitor.chosen[2, name] for name, key in CONSTRUCTS.items()}
