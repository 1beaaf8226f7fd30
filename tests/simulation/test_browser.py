import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from app.simulation.browser import Browser, Form, FormReader, Screen

PAGE = """\
<!doctype html><html><head><title>A page</title></head><body>
<form method="get" action="/search"><input type="hidden" name="q" value="no"></form>
<input type="hidden" name="outside" value="no">
<form METHOD="POST" data-check>
  <input type="hidden" name="position" value="3">
  <input type=hidden name="empty">
  <input type="text" name="ignored" value="x">
  <fieldset><legend>The first &amp; only?</legend>
    <input type="radio" id="r1" name="rating_1" value="1">
    <label for="r1"><span>Strongly <i>disagree</i></span></label>
    <input type="radio" id="r2" name="rating_1" value="2" checked><label for="r2">Agree &gt; all</label>
    <p>not a label</p>
  </fieldset>
  <fieldset><legend>Second</legend><input type="radio" name="choice" value="ä"><label>Ä</label></fieldset>
  <textarea name="comment" maxlength="5000">typed</textarea>
  <button name="consent" value="yes">Yes</button><button name="consent" value="no">No</button>
  <button type="submit">Send</button>
</form>
<form method="post"><input type="hidden" name="second" value="no"><textarea name="late"></textarea></form>
<input type="radio" name="rating_1" value="9"><label>nine</label>
</body></html>
"""


def read(page: str) -> Form | None:
    return Screen("/p/x/rate/3", 200, page).form


def test_the_first_form_that_posts_is_read_and_nothing_around_it() -> None:
    form = read(PAGE)
    assert form is not None
    assert form.fields == {"position": "3", "empty": ""}
    assert form.choices == {
        "rating_1": {"1": "Strongly disagree", "2": "Agree > all"},
        "choice": {"ä": "Ä"},
    }
    assert form.legends == ["The first & only?", "Second"]
    assert form.texts == ["comment"]
    assert form.buttons == {"consent": ["yes", "no"]}


def test_a_page_without_a_form_that_posts_has_none() -> None:
    assert read("<h1>Thank you</h1><form method='get'><input type='hidden' name='a'></form>") is None
    assert read("") is None


def test_a_page_that_comes_in_pieces_is_read_the_same() -> None:
    reader = FormReader()
    for letter in PAGE:
        reader.feed(letter)
    reader.close()
    whole = read(PAGE)
    assert reader.form is not None
    assert whole is not None
    assert (reader.form.fields, reader.form.texts) == (whole.fields, whole.texts)
    assert {name: list(values) for name, values in reader.form.choices.items()} == {
        name: list(values) for name, values in whole.choices.items()
    }


class Echo(BaseHTTPRequestHandler):
    """/start sets a cookie and leads to /page, which shows the form; a form comes back as JSON."""

    def do_GET(self) -> None:
        if self.path.startswith("/start"):
            self.send_response(303)
            self.send_header("Location", "/page")
            self.send_header("Set-Cookie", f"seen={self.path.partition('?')[2]}")
            self.end_headers()
        else:
            self.reply(PAGE if self.path == "/page" else "lost", 200 if self.path == "/page" else 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.reply(
            json.dumps([self.path, self.headers.get("Cookie"), parse_qs(body, keep_blank_values=True)])
        )

    def reply(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_browser_follows_keeps_cookies_and_sends_what_is_hidden_beside_what_is_chosen(address: str) -> None:
    async def visit() -> tuple[Screen, Screen, Screen]:
        browser = Browser(address)
        page = await browser.open("/start", id="a b")
        answer = await browser.submit(page, {"rating_1": "2", "comment": "ä & b", "empty": "filled"})
        lost = await browser.open("/nowhere")
        await browser.close()
        return page, answer, lost

    page, answer, lost = asyncio.run(visit())
    assert (page.path, page.status, page.text) == ("/page", 200, PAGE)
    assert json.loads(answer.text) == [
        "/page",
        "seen=id=a+b",
        {"position": ["3"], "empty": ["filled"], "rating_1": ["2"], "comment": ["ä & b"]},
    ]
    assert (lost.path, lost.status, lost.form) == ("/nowhere", 404, None)
