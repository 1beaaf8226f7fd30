"""A researcher's whole way in Chromium: sign in, import, write, launch, watch, export, sign out."""

import csv
import io
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from tests.browser.conftest import DESKTOP, NewContext
from tests.browser.demo_server import DemoServer

ROOT = Path(__file__).parents[2]

OWN_PASSWORD = "nine cups of tea"
pytestmark = pytest.mark.browser


def sign_in(page: Page, server: DemoServer, email: str, role: str = "researcher") -> None:
    """Make an account on the command line, sign in with it and choose a password of one's own."""
    first = server.add_user(email, role)
    page.goto(f"{server.address}/studies")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(first)
    page.get_by_role("button", name="Sign in").click()
    choose_password(page, first)
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()


def choose_password(page: Page, first: str) -> None:
    page.get_by_label("The password you signed in with").fill(first)
    page.get_by_label("New password").fill(OWN_PASSWORD)
    page.get_by_label("The same again").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Set password").click()


def import_file(page: Page, section: str, path: Path, name: str) -> None:
    page.get_by_role("link", name=section, exact=True).click()
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status")).to_contain_text(f"as '{name}'")


def import_material(page: Page, folder: Path) -> None:
    import_file(page, "Question sets", ROOT / "demo" / "questions.jsonl", "everyday")
    for name in ("mt", "cf"):
        source = ROOT / "demo" / "bundles" / f"smollm2-{name}"
        bundle = Path(shutil.make_archive(str(folder / name), "zip", source))
        page.get_by_role("link", name="Bundles", exact=True).click()
        page.get_by_label("Question set").select_option("everyday")
        page.get_by_label("File").set_input_files(bundle)
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_role("status")).to_contain_text(f"of 'everyday' as '{name}'; 0 set aside")


def write_study(page: Page) -> None:
    """Check a definition with a mistake in it, then store and launch a right one."""
    page.get_by_role("link", name="Studies", exact=True).click()
    page.get_by_role("link", name="New study").click()
    definition = page.get_by_label("Definition").input_value()  # the example that stands there
    page.get_by_label("Definition").fill(definition.replace("title:", "titel:"))
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_role("alert")).to_contain_text("did you mean 'title'?")
    assert "audience: people" in definition
    dry_run = definition.replace("audience: people", "audience: synthetic")
    page.get_by_label("Definition").fill(dry_run.replace("slug: my-study", "slug: two-students"))
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_role("status")).to_contain_text("The definition is stored.")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_role("status")).to_contain_text("The study is live: version 1")


def test_a_researcher_goes_from_files_to_ratings(
    server: DemoServer, new_context: NewContext, tmp_path: Path
) -> None:
    page = new_context(**DESKTOP).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    sign_in(page, server, "rosa@example.org")

    import_material(page, tmp_path)
    write_study(page)

    # A second window watches while the first sends synthetic participants; nobody reloads it.
    watching = page.context.new_page()
    watching.goto(f"{server.address}/studies/two-students")
    expect(watching.locator("#completed")).to_have_text("0")
    page.get_by_role("link", name="Synthetic participants").click()
    page.get_by_label("How many", exact=True).fill("32")
    page.get_by_label("How many at once").fill("8")
    page.get_by_role("button", name="Send them").click()
    expect(page.locator("#simulated")).to_contain_text("32 of 32", timeout=90_000)
    expect(watching.locator("#completed")).to_have_text("32")
    watching.get_by_role("link", name="Recount everything").click()
    expect(watching.get_by_text("All right: every counter")).to_be_visible()

    page.get_by_role("link", name="two-students").click()
    page.get_by_role("link", name="Results and exports").click()
    page.get_by_text("Means by construct").click()
    page.get_by_role("link", name="Show the ratings").click()
    expect(page.get_by_text("384 ratings, counted")).to_be_visible()
    page.get_by_role("button", name="Make the package").click()
    expect(page.get_by_role("link", name="Download the package")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert len(rows) == 32 * 6 * 2
    assert {row["mode"] for row in rows} == {"synthetic"}

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    watching.reload()
    expect(watching.get_by_role("heading", name="Sign in")).to_be_visible()
    assert [one for one in complaints if "422" not in one] == []  # the mistake was on purpose


def test_an_export_that_takes_a_while_says_so_until_the_file_comes(
    server: DemoServer, new_context: NewContext
) -> None:
    page = new_context(**DESKTOP).new_page()
    sign_in(page, server, "pauline@example.org", "admin")
    page.goto(f"{server.address}/studies/demo/results")
    said = page.locator("#export-said")
    expect(said).to_be_empty()
    page.get_by_label("Table", exact=True).select_option("parquet")
    downloads: list[Download] = []
    page.on("download", lambda one: downloads.append(one))  # noqa: PLW0108  # list.append has not what it asks of a handler
    page.get_by_role("button", name="Export").click()
    # On a slow machine the page goes on to where the file is offered once it is made.
    expect(said.or_(page.locator("#tables").get_by_role("status")).first).to_contain_text("is being made")
    offered = page.locator("#tables").get_by_role("link", name="Download")
    deadline = time.monotonic() + 90
    while not downloads and time.monotonic() < deadline:
        if offered.is_visible():
            offered.click()
        page.wait_for_timeout(200)
    assert [one.suggested_filename for one in downloads][:1] == ["demo-parquet.parquet"]


def test_what_was_typed_survives_signing_out_in_another_tab(
    server: DemoServer, new_context: NewContext
) -> None:
    """Nothing that was typed is lost: the page says how to keep it, and shows it."""
    page = new_context(**DESKTOP).new_page()
    sign_in(page, server, "sam@example.org")
    page.get_by_role("link", name="New study").click()
    page.get_by_label("Definition").fill("slug: precious")
    other = page.context.new_page()
    other.goto(f"{server.address}/account")
    other.get_by_role("button", name="Sign out").first.click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(page.get_by_label("definition")).to_have_value("slug: precious")
