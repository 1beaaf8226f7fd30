"""A person in Chromium who walks the study page by page: by mouse, by finger or by keyboard."""

import re
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Locator, Page

from app.cli.demo import FOLDER
from app.studies.definition import read_definition

DEMO = read_definition(FOLDER / "study.yaml")
NAMES = "radios => radios.map(radio => radio.name)"
RUSH = """ids => {
  for (const id of ids) document.getElementById(id).click();
  [...document.querySelectorAll(".actions .button")].at(-1).click();
}"""
COMMENT = "Step 1 is clear – step 2 isn't.\n“Why not?” <b>"


@dataclass
class Visitor:
    """`chosen` is what was sent: (position, field) → value. `hand` is how buttons and labels are pressed."""

    page: Page
    address: str
    slug: str = "demo"
    hand: Literal["click", "tap"] = "click"
    chosen: dict[tuple[int, str], int] = field(default_factory=dict)

    def open(self, path: str = "") -> None:
        self.page.goto(self.address + (path or f"/s/{self.slug}"))

    def start(self) -> None:
        self.open()
        self.go_on()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.address)

    @property
    def code(self) -> str:
        return self.path.split("/")[2]

    @property
    def place(self) -> str:
        """Where the participant is: 'consent', 'rate/3', …"""
        return self.path.split("/", 3)[3]

    @property
    def kind(self) -> str:
        return self.place.split("/")[0]

    def names(self) -> list[str]:
        """The names of the page's radio groups."""
        names: list[str] = self.page.locator(".choice:first-child [type=radio]").evaluate_all(NAMES)
        return names

    def button(self, text: str = "") -> Locator:
        """The page's button with this text; without, the primary one."""
        buttons = self.page.locator(".actions .button")
        return buttons.filter(has_text=re.compile(rf"^\s*{text}\s*$")) if text else buttons.last

    def press(self, target: Locator) -> None:
        target.tap() if self.hand == "tap" else target.click()

    def choose(self, name: str, value: int) -> None:
        self.press(self.page.locator(f"label[for='{name}-{value}']"))

    def write(self, comment: str) -> None:
        self.page.locator("textarea").fill(comment)

    def go_on(self, text: str = "") -> None:
        """Press a button and wait for the page it leads to."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.press(self.button(text))

    def fill_in(self, *, left_open: tuple[str, ...] = ()) -> None:
        """Choose an answer in every group of the page, except those `left_open`."""
        for name in self.names():
            if name not in left_open:
                self.choose(name, self.answer_to(name))

    def answer_to(self, name: str) -> int:
        """The right answer where there is one; ratings vary from item to item and from group to group."""
        number = int(name.rpartition("_")[2]) if "_" in name else 0
        if self.kind == "comprehension":
            assert DEMO.comprehension is not None
            return DEMO.comprehension.questions[number - 1].correct + 1
        if self.kind == "check":
            return self.asked_for()
        if self.kind != "rate":
            return 2
        position = int(self.place.removeprefix("rate/"))
        value = (2 * position + 3 * number) % 5 + 1
        self.chosen[position, name] = value
        return value

    def asked_for(self) -> int:
        """Which answer the attention check on the page asks for."""
        statement = self.page.locator("legend").inner_text()
        labels = [label.strip() for label in self.page.locator("label .label > span").all_inner_texts()]
        return next(number for number, label in enumerate(labels, 1) if f"'{label}'" in statement)

    def answer(self) -> None:
        """Answer whatever page is shown and go on."""
        self.fill_in()
        if self.place == "rate/3":
            self.write(COMMENT)
        self.go_on()

    def walk_to(self, kind: str) -> None:
        """Answer pages until one of this kind."""
        while self.kind != kind:
            self.answer()

    def rush_to(self, kind: str) -> None:
        """The same at once, for what only leads to the page a test is about."""
        while self.kind != kind:
            self.rush()

    def rush(self) -> None:
        ids = [f"{name}-{self.answer_to(name)}" for name in self.names()]
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.evaluate(RUSH, ids)


class Typist(Visitor):
    """A person who has no mouse."""

    def choose(self, name: str, value: int) -> None:
        """A number key where ratings are given; elsewhere the keys that every browser has."""
        first = self.page.locator(f"#{name}-1")
        if not self.page.locator(f"fieldset:has(#{name}-1) :focus").count():
            self.tab_to(first)
        if self.kind in {"rate", "practice"}:
            self.page.keyboard.press(str(value))
            return
        self.page.keyboard.press("Space")
        for _ in range(value - 1):
            self.page.keyboard.press("ArrowDown")

    def write(self, comment: str) -> None:
        self.tab_to(self.page.locator("textarea"))
        self.page.keyboard.type(comment)

    def go_on(self, text: str = "") -> None:
        """Enter sends from a radio; elsewhere Tab leads to the button first."""
        if not self.page.locator("fieldset.group :focus").count():
            self.tab_to(self.button(text))
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.keyboard.press("Enter")

    def tab_to(self, target: Locator) -> None:
        for _ in range(30):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError("Tab never came to the button")
