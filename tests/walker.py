"""A person who walks a study in tests, page by page, through the forms it shows."""

import re
from dataclasses import dataclass, field

import httpx2
from fastapi.testclient import TestClient

from app.simulation.browser import Form, FormReader


@dataclass
class Walker:
    web: TestClient
    slug: str = "small"
    query: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def start(self) -> str:
        """Open the landing page and press Start; the participant's code."""
        landing = self.landing()
        assert landing.status_code == 200, landing.text
        answer = self.web.post(f"/s/{self.slug}", data=form_of(landing).fields)
        assert answer.status_code == 303, answer.text
        self.path = answer.headers["location"]
        self.look()
        return self.code

    def landing(self) -> httpx2.Response:
        return self.web.get(f"/s/{self.slug}", params=self.query)

    def resumed(self) -> str | None:
        """Open the study's link again in the same browser; where its Continue leads, if there is one."""
        found = re.search(r'href="(/p/[^"/]+)"', self.landing().text)
        return found[1] if found else None

    @property
    def code(self) -> str:
        return self.path.split("/")[2]

    @property
    def place(self) -> str:
        """Where the participant is: 'consent', 'rate/3', …"""
        return self.path.split("/", 3)[3]

    def look(self) -> httpx2.Response:
        """Open the participant's page, following the server's way to it."""
        answer = self.web.get(self.path)
        while answer.status_code == 303:
            self.path = answer.headers["location"]
            answer = self.web.get(self.path)
        assert answer.status_code == 200, answer.text
        return answer

    def send(self, **fields: str) -> httpx2.Response:
        """Fill in the present page and submit it; the server's answer, and where it leads."""
        answer = self.web.post(self.path, data=form_of(self.look()).fields | fields)
        if answer.status_code == 303:
            self.path = answer.headers["location"]
        return answer

    def prepare(self) -> None:
        """Go on, answering rightly, until the first item."""
        while not self.place.startswith(("rate/", "answer/")):
            self.answer()

    def answer(self, value: int = 4) -> httpx2.Response:
        """Answer whatever page is shown; every choice gets `value`, or the first option there is."""
        kind = self.place.split("/")[0]
        if kind == "consent":
            return self.send(consent="yes")
        form = form_of(self.look())
        chosen = {
            name: str(value) if str(value) in options else next(iter(options))
            for name, options in form.choices.items()
        }
        return self.send(**chosen)

    def finish(self) -> None:
        while self.place != "done":
            assert self.answer().status_code == 303


def form_of(page: httpx2.Response) -> Form:
    reader = FormReader()
    reader.feed(page.text)
    assert reader.form is not None, page.text
    return reader.form
