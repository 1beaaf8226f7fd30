"""Every page renders from its own fields alone, and what people wrote stays text."""

from dataclasses import replace
from typing import Any

import pytest
from markupsafe import Markup

from app.analysis.accuracy.page import AccuracyPage
from app.analysis.report.page import ReportFigure, ReportFindings, ReportPage, ReportRule
from app.analysis.report.tables import Table
from app.participation import pages
from app.participation.pages import Choice, ChoiceQuestion, Frame, Link, Stimulus
from app.web.errors import ErrorPage, WayOn
from app.web.pages import Page, render
from tests.web.staff_pages import STAFF_PAGES

HOSTILE = "<script>alert('&')</script>"
FRAME = Frame("A study", "en", "team@example.org", leave_url="/p/x/leave", progress="Half", step=1, steps=2)
GROUP = ChoiceQuestion("rating_1", HOSTILE, (Choice(1, "No"), Choice(2, HOSTILE)), help="Help", wide=True)
WITH_ERRORS = {"data": {"rating_1": "2", "comment": HOSTILE}, "errors": {"rating_1": "Please choose."}}
HTML = Markup("<p>Text</p>")
FIGURE = ReportFigure(name="means", caption=HOSTILE, source="data:image/svg+xml;base64,", sentence="")
TABLE = Table(name="clmm", title=HOSTILE, header=(HOSTILE,), rows=((HOSTILE,),), texts=1, notes=(HOSTILE,))

PAGES: dict[type[Page], dict[str, Any]] = {
    pages.LandingPage: {
        "frame": FRAME,
        "minutes": 5,
        "platform": "Prolific",
        "stores_ids": True,
        "hidden": {"visit": HOSTILE},
        "blocked": None,
        "continue_url": None,
        "is_preview": True,
    },
    pages.MessagePage: {
        "frame": FRAME,
        "heading": HOSTILE,
        "sentences": (HOSTILE,),
        "code": "C",
        "link": Link("Go", "/x"),
    },
    pages.TextPage: {"frame": FRAME, "heading": HOSTILE, "html": HTML, "button": "Go", "is_consent": True},
    pages.ComprehensionPage: {
        "frame": FRAME,
        "instructions": HTML,
        "questions": (GROUP,),
        "attempt": 2,
        "attempts_left": 1,
        "has_failed": True,
        **WITH_ERRORS,
    },
    pages.RatePage: {
        "frame": FRAME,
        "stimulus": Stimulus(HOSTILE, (HOSTILE, "b"), HOSTILE, None, HOSTILE, HOSTILE),
        "questions": (GROUP,),
        "comment": "optional",
        "own_answer": HOSTILE,
        "is_practice": True,
        "position": 1,
        "shown": "token",
        **WITH_ERRORS,
    },
    pages.ChoicePage: {
        "frame": FRAME,
        "question": HOSTILE,
        "group": GROUP,
        "premise": HOSTILE,
        **WITH_ERRORS,
    },
    pages.QuestionnairePage: {"frame": FRAME, "questions": (GROUP, ChoiceQuestion("answer_2", "Why?", ()))},
    pages.CompletedPage: {
        "frame": FRAME,
        "html": HTML,
        "platform": "Prolific",
        "code": HOSTILE,
        "return_url": "https://example.org/x",
        "own": pages.Own(HOSTILE, "/p/x/erase", is_erased=False),
    },
    pages.ErasePage: {"frame": FRAME, "back_url": "/p/x"},
    pages.WaitPage: {"frame": FRAME, "wait_s": 5, "hidden": {"visit": HOSTILE}},
    pages.LeavePage: {"frame": FRAME, "back_url": "/p/x", "answered": 1},
    ReportPage: {
        "title": HOSTILE,
        "stamp": (("Study", HOSTILE),),
        "standing": (HOSTILE,),
        "flow": (("arrived", 3),),
        "rules": (ReportRule(rule=HOSTILE, people=1, responses=4),),
        "are_rules_declared": False,
        "by_hand": (ReportRule(rule=HOSTILE, people=1, responses=4),),
        "missing": (HOSTILE,),
        "cautions": (HOSTILE,),
        "findings": (ReportFindings(rows=HOSTILE, sentences=(HOSTILE,)),),
        "methods": (HOSTILE,),
        "figures": (
            FIGURE,
            ReportFigure(name="times", caption=HOSTILE, source="", sentence=HOSTILE),
        ),
        "models": (TABLE,),
        "others": (replace(TABLE, rows=()),),
    },
    AccuracyPage: {
        "stamp": (("Software", HOSTILE),),
        "conclusion": HOSTILE,
        "sentences": (HOSTILE,),
        "figure": FIGURE,
        "tables": (TABLE, replace(TABLE, rows=())),
    },
    **STAFF_PAGES,
    ErrorPage: {
        "heading": HOSTILE,
        "message": HOSTILE,
        "contact": "team@example.org",
        "kept": {"a": HOSTILE},
        "way_on": WayOn(HOSTILE, "/"),
    },
}


def pages_below(kind: type[Page]) -> set[type[Page]]:
    """The pages that are shown; ShellPage only says what staff pages share."""
    below = kind.__subclasses__()
    return {one for one in below if hasattr(one, "template")}.union(*(pages_below(one) for one in below))


def test_every_page_of_the_product_is_among_these() -> None:
    assert pages_below(Page) == set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_a_page_renders_from_its_fields_and_shows_hostile_words_as_text(page: type[Page]) -> None:
    answer = render(page(**PAGES[page]))
    html = bytes(answer.body).decode()
    assert answer.status_code == 200
    assert "<script>alert" not in html
    assert html.startswith("<!DOCTYPE html>")
    assert html.count("<h1") == 1
    assert " style=" not in html
    assert "onclick" not in html
