"""Every page of the staff's, one after the other, in a browser."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs import service
from app.models import Bundle, Checkpoint, Explanation, Job
from app.web.db import Database
from tests.browser.demo_server import DemoServer
from tests.browser.test_researcher import OWN_PASSWORD, choose_password
from tests.browser.visitor import Visitor
from tests.factories import make_checkpoint, make_run
from tests.jobs.made import make_job
from tests.worker.manifests import make_manifest

PEOPLE = iter(("ada", "bea", "cleo", "dora"))  # one for each visit of a server
PLAIN = {
    "studies": "/studies",
    "study": "/studies/demo",
    "study-items": "/studies/demo/items",
    "study-participants": "/studies/demo/participants",
    "study-recounted": "/studies/demo/check",
    "study-results": "/studies/demo/results",
    "study-ratings": "/studies/demo/results/live",
    "study-rehearsal": "/studies/demo/rehearsal",
    "study-draft": "/studies/demo/draft",
    "study-new": "/studies/new",
    "question-sets": "/question-sets",
    "question-set": "/question-sets/demo",
    "checkpoints": "/checkpoints",
    "checkpoint": "/checkpoints/smollm2-mt",
    "checkpoint-failed": "/checkpoints/smollm2-large",
    "run": "/runs/1?which=wrong",
    "runs-beside": "/runs/1/beside?other=2&which=correctness",
    "bundles": "/bundles",
    "bundle": "/bundles/smollm2-mt",
    "account": "/account",
    "second-factor": "/account/second-factor",
    "people": "/users",
    "audit": "/audit",
}
STUDENT = {
    "base": {"source": "gguf", "id": "HuggingFaceTB/SmolLM2-135M-Instruct", "sha256": "a" * 64},
    "method": {"training": "multitask", "data": "unrevised", "alpha": 0.5},
    "teacher": {"id": "Qwen/Qwen3-30B-A3B"},
    "evaluation": {"split": "test", "n": 1000, "accuracy": 0.33, "chance": 0.2},
}
TRIAL = [
    {
        "question": "Where do people keep milk fresh?",
        "choices": ["fridge", "oven", "sofa"],
        "answer": "fridge",
        "explanation": "Milk keeps longer where it is cold, and a fridge is cold inside.",
    }
]
NO_MEMORY = "The worker died 3 times while it tried it; is there enough memory?"
ANSWERED = (
    "study-draft-refused",
    "checkpoint-asked",
    "account-token",
    "people-prove",
    "people-link",
    "reset",
)
NAMES = ("sign-in", "sign-in-refused", "new-password", *PLAIN, *ANSWERED)


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
    hang_students(server)
    begin_package(server)
    context = new_context()
    page = context.new_page()
    name = next(PEOPLE)
    yield from door(server, page, f"{name}@example.org")
    for shown, path in PLAIN.items():
        page.goto(server.address + path)
        yield shown, page
    yield from answers(server, page, f"a-friend-of-{name}@example.org")
    context.close()


def hang_students(server: DemoServer) -> None:
    """Two students whose runs wrote what the demo's bundles say, and one that could not be loaded."""
    database = Database(f"sqlite:///{server.database}")
    with database.transaction(writing=True) as session:
        if not session.query(Checkpoint).count():
            for name in ("smollm2-mt", "smollm2-cf"):
                make_checkpoint(session, name, manifest=json.loads(make_manifest(**STUDENT)), trial=TRIAL)
                run = make_run(session, name, "demo", write_as(session, name))
                run.finished_at = run.created_at + timedelta(minutes=3)
            make_run(session, "smollm2-mt", "demo")
            make_checkpoint(session, "smollm2-large", state="failed", reason=NO_MEMORY)
    database.engine.dispose()


def begin_package(server: DemoServer) -> None:
    """A package that is half made, for as long as anybody looks."""
    database = Database(f"sqlite:///{server.database}")
    with database.transaction(writing=True) as session:
        if not session.query(Job).count():
            make_job(session, "package", subject="demo")
            job = service.claim(session, "the gallery", lease_s=24 * 3600)
            assert job is not None
            service.prolong(session, job.id, "the gallery", 24 * 3600, service.Progress(1, 2))
    database.engine.dispose()


def write_as(session: Session, bundle: str) -> Callable[[int], tuple[str | None, str | None]]:
    """Answer and explanation of a question, as a bundle has them."""
    statement = select(Explanation).join(Bundle).where(Bundle.name == bundle)
    by_question = {one.question_id: one for one in session.scalars(statement)}
    return lambda number: (by_question[number].predicted_answer, by_question[number].raw_text)


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
    page.wait_for_url("**/new-password")
    yield "new-password", page
    choose_password(page, password)
    page.wait_for_url("**/studies")


def answers(server: DemoServer, page: Page, newcomer: str) -> Iterator[tuple[str, Page]]:
    """Pages that only an answer to a form shows."""
    page.goto(f"{server.address}/studies/new")
    page.get_by_label("Definition").fill("slug: a\ntitel: A study\n")
    page.get_by_role("button", name="Store").click()
    yield "study-draft-refused", page
    page.goto(f"{server.address}/checkpoints/smollm2-mt")
    page.get_by_label("Question", exact=True).fill("Where do people keep milk fresh?")
    page.get_by_label("Choices, one in a line").fill("fridge\noven\nsofa")
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url("**/tries/*")
    yield "checkpoint-asked", page
    page.goto(f"{server.address}/account")
    page.get_by_text("Make a token").click()
    page.get_by_label("Name", exact=True).fill("export script")
    page.get_by_label("Valid for how many days").fill("30")
    page.get_by_label("exports:read").check()
    page.locator("#token-current").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Make token").click()
    yield "account-token", page
    page.goto(f"{server.address}/users")
    page.get_by_label("E-mail", exact=True).fill(newcomer)
    page.get_by_role("button", name="Add and make a link").click()
    page.get_by_label("Your password now").fill("a wrong password")
    page.get_by_role("button", name="Add and make the link").click()
    yield "people-prove", page
    page.get_by_label("Your password now").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Add and make the link").click()
    yield "people-link", page
    page.goto(str(page.locator("#link").text_content()))
    yield "reset", page
