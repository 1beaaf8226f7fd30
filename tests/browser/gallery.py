"""Every page a participant can meet, one after the other, in a browser."""

from collections.abc import Callable, Iterator

from playwright.sync_api import BrowserContext, Page

from tests.browser.demo_server import DemoServer
from tests.browser.visitor import Visitor

# Which items a participant is dealt depends on this; fixed, so that the pictures stay the same.
SEED = 5
NAMES = (
    *("landing", "consent", "instructions", "comprehension", "practice"),
    *("rate", "rate-missing", "rate-sent-back", "welcome-back", "check", "questionnaire", "done"),
    *("comprehension-again", "screened-out", "leave", "left", "declined", "closed", "error"),
)
NewContext = Callable[[], BrowserContext]
Exhibit = tuple[str, Page]


def gallery(server: DemoServer, new_context: NewContext) -> Iterator[Exhibit]:
    """Name and page, of every page; each page is what the browser shows until the next is asked for."""
    for walk in (whole_study, failed_comprehension, leaving, declining, closed_doors):
        context = new_context()
        yield from walk(server, Visitor(context.new_page(), server.address))
        context.close()


def begin(server: DemoServer, visitor: Visitor) -> None:
    visitor.start()
    server.query("UPDATE participant SET seed = ? WHERE code = ?", SEED, visitor.code)


def whole_study(server: DemoServer, visitor: Visitor) -> Iterator[Exhibit]:
    """Every kind of page once; of the items the fourth, where the progress bar has something to show."""
    page, seen = visitor.page, set()
    visitor.open()
    yield "landing", page
    begin(server, visitor)
    while (kind := visitor.kind) != "done":
        if visitor.place == "rate/4":
            yield from rating(visitor)
            visitor.open()
            yield "welcome-back", page
            visitor.go_on()
        elif kind != "rate" and kind not in seen:
            seen.add(kind)
            yield kind, page
        visitor.rush()
    yield "done", page


def rating(visitor: Visitor) -> Iterator[Exhibit]:
    """One item: half answered, held back by the script, and sent back by the server."""
    visitor.fill_in(left_open=("rating_3", "rating_4", "rating_5"))
    visitor.page.mouse.move(0, 0)
    yield "rate", visitor.page
    visitor.press(visitor.button())
    visitor.page.mouse.move(0, 0)
    yield "rate-missing", visitor.page
    with visitor.page.expect_navigation():
        visitor.page.evaluate("document.querySelector('form').submit()")  # as a browser without JavaScript
    yield "rate-sent-back", visitor.page


def failed_comprehension(server: DemoServer, visitor: Visitor) -> Iterator[Exhibit]:
    begin(server, visitor)
    visitor.rush_to("comprehension")
    for name in ("comprehension-again", "screened-out"):
        visitor.choose("question_1", 1)
        visitor.choose("question_2", 1)
        visitor.go_on()
        yield name, visitor.page


def leaving(server: DemoServer, visitor: Visitor) -> Iterator[Exhibit]:
    begin(server, visitor)
    visitor.rush_to("rate")
    visitor.rush()
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("link", name="Leave the study").click()
    yield "leave", visitor.page
    visitor.go_on("Leave the study")
    yield "left", visitor.page


def declining(server: DemoServer, visitor: Visitor) -> Iterator[Exhibit]:
    begin(server, visitor)
    visitor.go_on("I do not agree")
    yield "declined", visitor.page


def closed_doors(server: DemoServer, visitor: Visitor) -> Iterator[Exhibit]:
    server.do("study", "pause", "demo")
    visitor.open()
    yield "closed", visitor.page
    server.do("study", "launch", "demo")
    visitor.open("/s/unknown")
    yield "error", visitor.page
