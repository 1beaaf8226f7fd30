"""A browser without a window: keeps cookies, follows redirects, reads the form a page holds."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

import httpx2

PATIENCE_S = 60.0  # how long a person keeps pressing reload while nothing answers
RELOAD_EVERY_S = 0.25
BUSY = 503


@dataclass
class Form:
    """A page's main form: what a browser would send untouched, and what can be chosen."""

    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(
        default_factory=lambda: defaultdict(dict)
    )  # name → value → label
    texts: list[str] = field(default_factory=list)
    buttons: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    legends: list[str] = field(default_factory=list)


class FormReader(HTMLParser):
    """Reads the first form of a page that posts."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self.is_inside = False
        self.radio: tuple[str, str] | None = None
        self.is_legend = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post" and self.form is None:
            self.form, self.is_inside = Form(), True
        elif self.is_inside and self.form is not None:
            self.read_control(self.form, tag, given)

    def read_control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and given.get("type") == "hidden":
            form.fields[name] = value
        elif tag == "input" and given.get("type") == "radio":
            form.choices[name][value] = ""
            self.radio = (name, value)
        elif tag == "textarea":
            form.texts.append(name)
        elif tag == "button" and name:
            form.buttons[name].append(value)
        elif tag == "legend":
            form.legends.append("")
            self.is_legend = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag == "label":
            self.radio = None
        elif tag == "legend":
            self.is_legend = False

    def handle_data(self, data: str) -> None:
        if self.form is None or not self.is_inside:
            return
        if self.radio is not None:
            name, value = self.radio
            self.form.choices[name][value] = f"{self.form.choices[name][value]} {data}".strip()
        elif self.is_legend:
            self.form.legends[-1] = f"{self.form.legends[-1]} {data}".strip()


@dataclass(frozen=True)
class Screen:
    """What the browser shows now."""

    path: str
    status: int
    text: str

    @cached_property
    def form(self) -> Form | None:
        reader = FormReader()
        reader.feed(self.text)
        return reader.form


class Browser:
    """Keeps trying for `patience_s` where nothing answers or the server says it is busy, as a person
    would; `retries` counts the tries.
    """

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        self.client = httpx2.AsyncClient(base_url=url, follow_redirects=True, timeout=60)
        self.patience_s = patience_s
        self.retries = 0

    async def open(self, path: str, **query: str) -> Screen:
        return await self.insist(lambda: self.client.get(path, params=query or None))

    async def submit(self, screen: Screen, fields: dict[str, str]) -> Screen:
        """Post the page's form to the page's own address, hidden fields included."""
        hidden = screen.form.fields if screen.form else {}
        return await self.post(screen.path, {**hidden, **fields})

    async def post(self, path: str, fields: dict[str, str]) -> Screen:
        return await self.insist(lambda: self.client.post(path, data=fields))

    async def submit_twice(self, screen: Screen, fields: dict[str, str]) -> tuple[Screen, Screen]:
        """Send the same form in two requests at the same moment: a double click."""
        return await asyncio.gather(self.submit(screen, fields), self.submit(screen, fields))

    async def insist(self, request: Callable[[], Awaitable[httpx2.Response]]) -> Screen:
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                response = await request()
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if response.status_code != BUSY or time.monotonic() > deadline:
                    return read(response)
            self.retries += 1
            await asyncio.sleep(RELOAD_EVERY_S)

    async def finds_a_server(self) -> bool:
        """Whether anything answers at all, without waiting for it."""
        try:
            await self.client.get("/healthz")
        except httpx2.TransportError:
            return False
        return True

    async def close(self) -> None:
        await self.client.aclose()


def read(response: httpx2.Response) -> Screen:
    return Screen(response.url.path, response.status_code, response.text)
