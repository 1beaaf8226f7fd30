"""Pairs of premise and hypothesis, and yes/no questions, in Chromium at a phone's and a desktop's width."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.bundles.service import import_bundle, prepare
from app.contract.question_formats import Format
from app.contract.question_set import read_question_set
from app.questions.service import import_questions
from app.studies.service import launch, save_draft
from app.web.db import Database
from tests.browser.conftest import DESKTOP, PHONE, NewContext
from tests.browser.demo_server import DemoServer
from tests.browser.test_pages import AXE, FAULTS, OVERHANG, SMALL_TARGETS
from tests.browser.visitor import Visitor
from tests.factories import make_definition

pytestmark = pytest.mark.browser
PREMISE = (
    "Two women in red jackets, one of whom carries a small child, are waiting at the edge of a crowded "
    "market square while a man with a bicycle talks to the woman who sells oranges, lemons and flowers "
    "from a wooden cart."
)
HYPOTHESIS = "The women are waiting for a bus."
RELATIONS = ["entailment", "neutral", "contradiction"]
QUESTION = "Could a blue whale swim from Lisbon to Boston without leaving salt water?"
PRACTICE = {
    "premise": "A dog runs over a field.",
    "question": "An animal is moving.",
    "choices": RELATIONS,
    "student_answer": 0,
    "explanation": "A dog is an animal, and running is a way of moving.",
}
EXPLANATION = "The premise says that the women are waiting, but not what they are waiting for."
SCRIPT = "<script>document.body.remove()</script><img src=x onerror=document.body.remove()>"


def set_up(
    server: DemoServer,
    folder: Path,
    file_format: Format,
    questions: list[dict[str, Any]],
    said: dict[str, Any],
    **changes: Any,
) -> None:
    """Bring in and launch a study named like its format, of bundles that say the same of each question."""

    def write(name: str, rows: list[dict[str, Any]]) -> Path:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return folder / name

    rows = [said | {"question_id": row["pairID" if "pairID" in row else "qid"]} for row in questions]
    definition = make_definition(
        slug=file_format,
        conditions=[{"key": "one", "label": "One", "source": {"bundle": file_format}}],
        questions={"set": file_format, "draw": {"count": 2}},
        **changes,
    )
    database = Database(f"sqlite:///{server.database}")
    with database.transaction(writing=True) as session:
        import_questions(
            session, read_question_set(write("questions.jsonl", questions), file_format), file_format
        )
        import_bundle(session, prepare(write("rows.jsonl", rows)), file_format, strict=True)
        save_draft(session, definition)
        launch(session, file_format)
    database.engine.dispose()


@pytest.fixture(scope="module")
def layouts(server: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> DemoServer:
    """The demo's server with two more studies: esnli and strategyqa."""
    pair = {"premise": PREMISE, "hypothesis": HYPOTHESIS, "label": 1}
    set_up(
        server,
        tmp_path_factory.mktemp("esnli"),
        "esnli",
        [pair | {"pairID": f"p{number}"} for number in (1, 2)],
        {
            "premise": PREMISE,
            "question": HYPOTHESIS,
            "choices": RELATIONS,
            "correct_answer": "neutral",
            "predicted_answer": "neutral",
            "explanation": EXPLANATION,
        },
        practice=[PRACTICE],
        own_answer="before",
    )
    set_up(
        server,
        tmp_path_factory.mktemp("strategyqa"),
        "strategyqa",
        [{"qid": f"s{number}", "question": QUESTION, "answer": True} for number in (1, 2)],
        {
            "question": QUESTION,
            "choices": ["yes", "no"],
            "correct_answer": "yes",
            "predicted_answer": "yes",
            "explanation": f"Both lie on the Atlantic. {SCRIPT}",
        },
    )
    return server


def expect_well_laid_out(page: Page) -> None:
    assert page.evaluate(OVERHANG) == 0
    assert page.evaluate(SMALL_TARGETS) == []
    page.add_script_tag(content=AXE)
    assert page.evaluate(FAULTS) == []


def expect_pair(page: Page, premise: str, hypothesis: str) -> None:
    """Both texts under their labels, in this order, above what can be chosen."""
    labels = page.locator("main .eyebrow").filter(has_text="is")
    assert labels.all_text_contents()[:2] == ["Premise", "Hypothesis"]
    expect(page.locator(".premise")).to_have_text(premise)
    expect(page.get_by_role("heading", level=1)).to_have_text(hypothesis)
    parts = [labels.nth(0), page.locator(".premise"), labels.nth(1), page.locator("h1")]
    tops = [box["y"] for part in [*parts, page.get_by_text("neutral").first] if (box := part.bounding_box())]
    assert len(tops) == 5
    assert tops == sorted(tops)


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["390", "1280"])
def test_premise_and_hypothesis_are_read_before_the_choices_on_every_page_that_asks(
    layouts: DemoServer, new_context: NewContext, device: dict[str, Any]
) -> None:
    visitor = Visitor(new_context(**device, bypass_csp=True).new_page(), layouts.address, slug="esnli")
    visitor.start()
    visitor.rush_to("practice")
    expect_pair(visitor.page, "A dog runs over a field.", "An animal is moving.")
    expect_well_laid_out(visitor.page)
    for kind in ("answer", "rate"):
        visitor.rush_to(kind)
        expect_pair(visitor.page, PREMISE, HYPOTHESIS)
        expect_well_laid_out(visitor.page)
    expect(visitor.page.locator(".chip")).to_have_count(3)
    expect(visitor.page.locator(".is-marked b")).to_have_text("neutral")
    visitor.walk_to("done")


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["390", "1280"])
def test_a_yes_or_no_question_shows_its_two_choices_and_hostile_html_as_text(
    layouts: DemoServer, new_context: NewContext, device: dict[str, Any]
) -> None:
    # Without the policy: what keeps the explanation from running is that it is text.
    visitor = Visitor(new_context(**device, bypass_csp=True).new_page(), layouts.address, slug="strategyqa")
    visitor.start()
    visitor.rush_to("rate")
    page = visitor.page
    expect(page.locator("main .eyebrow").first).to_have_text("Question")
    expect(page.get_by_role("heading", level=1)).to_have_text(QUESTION)
    expect(page.locator(".chip")).to_have_text(["yes the model’s answer", "no"])
    expect(page.locator(".reading")).to_have_text(f"Both lie on the Atlantic. {SCRIPT}")
    expect(page.locator("main img, main script")).to_have_count(0)
    expect_well_laid_out(page)
    visitor.walk_to("done")
