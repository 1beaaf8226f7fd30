"""A study's report on a phone: nothing but its wide tables, inside their frames, is wider than the screen."""

from base64 import b64encode
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.analysis.report.page import ReportFigure, ReportFindings, ReportPage, ReportRule
from app.analysis.report.tables import Table
from app.web.pages import render
from tests.browser.conftest import NewContext
from tests.browser.test_pages import AXE, FAULTS, OVERHANG

pytestmark = pytest.mark.browser
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="687" height="200"><rect width="687" height="200"/></svg>'
)
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenhersteller"
FRAMES = """() => [...document.querySelectorAll(".wide")]
  .filter((frame) => frame.checkVisibility())
  .map((frame) => [frame.scrollWidth > frame.clientWidth,
    frame.getBoundingClientRect().right <= innerWidth])"""


def table(title: str) -> Table:
    header = ("construct", *(f"a heading of column {number}" for number in range(9)))
    rows = (("plausible", *("12.345",) * 9),) * 3
    return Table(name=title, title=title, header=header, rows=rows, texts=1, notes=("A note under it.",))


REPORT = ReportPage(
    title=f"How well do people understand what small models say about {LONG_WORD}?",
    stamp=(("SHA-256 of the data", "0" * 64), ("Study version", "1 (launched 2026-11-01 10:00 UTC)")),
    standing=("This report is not final: people can still take part.",),
    flow=(("failed the comprehension check or were screened out", 12), ("had their answers erased", 1)),
    rules=(
        ReportRule(
            rule="attention checks failed: at least 2 of those that were shown in this study",
            people=3,
            responses=36,
        ),
    ),
    are_rules_declared=True,
    by_hand=(ReportRule(rule=f"wrote of {LONG_WORD} in every comment", people=1, responses=12),),
    missing=("times per page", "positions"),
    cautions=("All ratings were given by people of one platform.",),
    findings=(ReportFindings(rows="all rows", sentences=(f"{LONG_WORD} is rated higher than Gemma.",)),),
    methods=("Cumulative link mixed models.",),
    figures=(
        ReportFigure(
            name="likert",
            caption="Shares.",
            source=f"data:image/svg+xml;base64,{b64encode(PICTURE).decode()}",
            sentence="",
        ),
        ReportFigure(name="times", caption="Times.", source="", sentence="Times per page were not recorded."),
    ),
    models=(table("Tests of conditions"), table("Pairs of conditions")),
    others=(table("Descriptives"),),
)


def opened(new_context: NewContext, folder: Path, width: int) -> Page:
    (folder / "report.html").write_bytes(bytes(render(REPORT).body))
    phone = {"viewport": {"width": width, "height": 844}, "is_mobile": True, "has_touch": True}
    page = new_context(**phone, bypass_csp=True).new_page()
    page.goto((folder / "report.html").as_uri())
    return page


@pytest.mark.parametrize("width", [360, 390])
def test_the_report_fits_a_phone_and_its_wide_tables_scroll_inside_their_frames(
    new_context: NewContext, tmp_path: Path, width: int
) -> None:
    page = opened(new_context, tmp_path, width)
    assert page.evaluate("() => innerWidth") == width  # a phone zooms out of what does not fit
    assert page.evaluate(OVERHANG) == 0
    assert page.evaluate(FRAMES) == [[True, True]] * 3
    page.add_script_tag(content=AXE)
    assert page.evaluate(FAULTS) == []
