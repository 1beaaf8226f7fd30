"""An admin's whole way in Chromium, with a real worker: an archive becomes explanations of a question set."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, NewContext
from tests.browser.demo_server import DemoServer, demo_server
from tests.browser.test_researcher import sign_in
from tests.checkpoints.folders import make_student, zipped
from tests.worker.students import make_llama

pytestmark = pytest.mark.browser
WORKER_MS = 90_000  # PyTorch is loaded by the worker's first task


@pytest.fixture
def with_worker(tmp_path: Path) -> Iterator[DemoServer]:
    with demo_server(tmp_path / "home", loads_students=True) as server:
        yield server


def upload(page: Page, path: Path, name: str) -> None:
    page.get_by_label("Archive").set_input_files(path)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Upload and verify").click()


def test_an_admin_goes_from_an_archive_to_explanations(
    with_worker: DemoServer, new_context: NewContext, tmp_path: Path
) -> None:
    page = new_context(**DESKTOP).new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, with_worker, "alma@example.org", "admin")
    page.get_by_role("link", name="Checkpoints").click()

    pickled = make_student(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    (tmp_path / "pickled.zip").write_bytes(zipped(pickled))
    upload(page, tmp_path / "pickled.zip", "tiny")
    expect(page.get_by_role("alert")).to_contain_text("save_pretrained")
    expect(page.get_by_label("Name", exact=True)).to_have_value("tiny")

    (tmp_path / "tiny.zip").write_bytes(zipped(make_llama(tmp_path / "tiny")))
    upload(page, tmp_path / "tiny.zip", "tiny")
    expect(page.locator("#moving")).to_contain_text("ready verified", timeout=WORKER_MS)  # nobody reloads it
    page.reload()
    expect(page.get_by_role("heading", name="What it said when it was verified")).to_be_visible()

    page.get_by_role("button", name="Generate").click()
    expect(page.locator("#moving")).to_contain_text("32 of 32", timeout=WORKER_MS)
    expect(page.locator("#moving")).to_contain_text("complete")
    page.reload()
    expect(page.get_by_text("95 % interval")).to_be_visible()
    page.get_by_role("link", name="Read the outputs").click()
    page.get_by_label("Show").select_option("wrong")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("right: umbrella stand")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as a bundle").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as bundle:
        assert len(bundle.read("explanations.jsonl").splitlines()) == 32

    page.get_by_role("link", name="tiny").click()
    page.get_by_label("Question", exact=True).fill("Where does a bee live?")
    page.get_by_label("Choices, one in a line").fill("in a hive\nin a shoe")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", name="Its explanation")).to_be_visible(timeout=WORKER_MS)
    page.get_by_role("link", name="Ask something else").click()
    page.get_by_role("button", name="Retire").click()
    expect(page.get_by_role("status")).to_contain_text("It is retired")
    expect(page.get_by_role("heading", name="Try it")).to_have_count(0)
