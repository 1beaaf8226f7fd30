"""Every page of the staff's, one after the other, in a browser."""

from collections.abc import Callable, Iterator

from playwright.sync_api import BrowserContext, Page

from tests.browser.demo_server import DemoServer
from tests.browser.visitor import Visitor

PEOPLE = iter(("ada", "bea", "cleo", "dora"))  # one for each visit of a server
PLAIN = {
    "studies": "/studies",
    "study": "/studies/demo",
    "study-items": "/studies/demo/items",
    "study-participants": "/studies/demo/participants",
    "study-recounted": "/studies/demo/check",
    "study-rehearsal": "/studies/demo/rehearsal",
    "study-draft": "/studies/demo/draft",
    "study-new": "/studies/new",
    "question-sets": "/question-sets",
    "question-set": "/question-sets/demo",
    "bundles": "/bundles",
    "bundle": "/bundles/smollm2-plain",
    "account": "/account",
    "second-factor": "/account/second-factor",
    "people": "/users",
    "audit": "/audit",
}
NAMES = ("sign-in", "sign-in-refused", *PLAIN, "study-draft-refused", "account-token", "people-link", "reset")


def staff_gallery(
    server: DemoServer, new_context: Callable[[], BrowserContext]
) -> Iterator[tuple[str, Page]]:
    """Name and page, of every page; each is what the browser shows until the next is asked for."""
    taken = new_context()
    visitor = Visitor(taken.new_page(), server.address)
    visitor.start()
    visitor.rush_to("rate")
    visitor.rush()
    taken.close()
    context = new_context()
    page = context.new_page()
    name = next(PEOPLE)
    yield from door(server, page, f"{name}@example.org")
    for shown, path in PLAIN.items():
        page.goto(server.address + path)
        yield shown, page
    yield from answers(server, page, f"a-friend-of-{name}@example.org")
    context.close()


def door(server: DemoServer, page: Page, email: str) -> Iterator[tuple[str, Page]]:
    password = server.add_user(email, "admin")
    page.goto(f"{server.address}/sign-in")
    yield "sign-in", page
    for typed in ("a wrong password", password):
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(typed)
        page.get_by_role("button", name="Sign in").click()
        if typed != password:
            yield "sign-in-refused", page
    page.wait_for_url("**/studies")


def answers(server: DemoServer, page: Page, newcomer: str) -> Iterator[tuple[str, Page]]:
    """Pages that only an answer to a form shows."""
    page.goto(f"{server.address}/studies/new")
    page.get_by_label("Definition").fill("slug: a\ntitel: A study\n")
    page.get_by_role("button", name="Store").click()
    yield "study-draft-refused", page
    page.goto(f"{server.address}/account")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name", exact=True).fill("export script")
    page.get_by_label("Valid for how many days").fill("30")
    page.get_by_label("exports:read").check()
    page.get_by_role("button", name="Make token").click()
    yield "account-token", page
    page.goto(f"{server.address}/users")
    page.get_by_label("E-mail", exact=True).fill(newcomer)
    page.get_by_role("button", name="Add and make a link").click()
    yield "people-link", page
    page.goto(str(page.locator("#link").text_content()))
    yield "reset", page
