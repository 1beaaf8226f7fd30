"""One synthetic participant's way through a study, page by page, misbehaving as its habits say."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.contract.study import StudyDefinition
from app.errors import AppError
from app.simulation import queries
from app.simulation.behaviour import Deeds, Fate, Habits, contrary, deeds
from app.simulation.browser import Browser, Form, Screen
from app.simulation.people import Person
from app.web.db import Database

MOST_PAGES = 400  # a path that is longer leads round in circles
OK = 200  # what every page of a path answers
DEALT = {"answer", "rate", "check", "questionnaire"}  # whoever is here holds items


@dataclass
class Taken:
    """What one synthetic participant experienced; `sent` is position → construct → value, as first
    acknowledged: the server led on from the page.
    """

    number: int
    code: str = ""
    ended: str = ""
    error: str = ""
    sent: dict[int, dict[str, int]] = field(default_factory=dict)
    submit_ms: list[float] = field(default_factory=list)
    left_at: float = 0  # time.monotonic() of vanishing
    held_items: bool = False  # when vanishing
    is_surely_late: bool = False
    double_submits: int = 0
    backs: int = 0
    stale_tabs: int = 0
    reloads: int = 0
    retries: int = 0

    @property
    def has_vanished(self) -> bool:
        return self.ended == "vanished"


class WrongTurnError(AppError):
    """A page that a participant should not have met."""


@dataclass(frozen=True)
class Ground:
    """What all walks of one run share."""

    database: Database
    definition: StudyDefinition
    habits: Habits
    seed: int

    @property
    def points(self) -> dict[str, int]:
        scales = self.definition.scales
        return {construct.key: len(scales[construct.scale]) for construct in self.definition.constructs}


class Walk:
    browser: Browser

    def __init__(self, ground: Ground, person: Person, fate: Fate, taken: Taken) -> None:
        self.ground, self.person, self.fate, self.taken = ground, person, fate, taken
        self.vanishes_at = fate.vanishes_at
        self.shown = 0  # pages after the landing page
        self.earlier: list[tuple[str, dict[str, str]]] = []  # addresses led on from, and their old forms
        self.conditions: dict[int, str] = {}

    async def begin(self, browser: Browser, path: str, query: dict[str, str]) -> None:
        self.browser = browser
        await self.go_on(await browser.open(path, **query))

    async def come_back(self, browser: Browser) -> None:
        """Open one's own address again, some time after vanishing and on another device."""
        self.browser = browser
        self.vanishes_at = None
        self.taken.ended = ""
        await self.go_on(await browser.open(f"/p/{self.taken.code}"))

    async def go_on(self, screen: Screen) -> None:
        """Walk from this page to an ending, or until vanishing."""
        for _ in range(MOST_PAGES):
            if screen.status != OK:
                raise WrongTurnError(f"{screen.path.rpartition('/')[2]} answered {screen.status}")
            kind, position = place(screen.path)
            if kind == "rate" and position in self.taken.sent:
                raise WrongTurnError(f"rate {position} was acknowledged, and is asked for again")
            if screen.form is None:
                self.taken.ended = kind
                return
            if kind != "landing":
                self.taken.code = screen.path.split("/")[2]
            if self.shown == self.vanishes_at:
                self.vanish(kind)
                return
            screen = await self.take(screen)
            self.shown += 1
        raise WrongTurnError("the study does not end")

    def vanish(self, kind: str) -> None:
        self.taken.ended = "vanished"
        self.taken.left_at = time.monotonic()
        self.taken.held_items = kind in DEALT

    async def take(self, screen: Screen) -> Screen:
        """Do at one page what this person does there, and send it; the page it leads to."""
        kind, position = place(screen.path)
        planned = deeds(
            self.ground.habits, self.fate, (self.ground.seed, self.taken.number), self.shown, kind
        )
        await asyncio.sleep(planned.thinks_s)
        screen = await self.stray(screen, planned)
        ratings = self.ratings(position) if kind == "rate" else {}
        assert screen.form is not None  # noqa: S101  # the caller and a reload have both seen one
        fields = self.answers(kind, screen.form) | rating_fields(ratings)
        started = time.perf_counter()
        following = await self.send(screen, fields, twice=planned.sends_twice)
        if following.path == screen.path and kind != "comprehension":
            raise WrongTurnError(f"{kind} {position} was not accepted")
        if kind == "rate":
            self.taken.submit_ms.append((time.perf_counter() - started) * 1000)
            self.taken.sent.setdefault(position, ratings)
        points = self.ground.points
        others = {key: contrary(value, points[key]) for key, value in ratings.items()}
        self.earlier.append((screen.path, screen.form.fields | fields | rating_fields(others)))
        return following

    async def send(self, screen: Screen, fields: dict[str, str], *, twice: bool) -> Screen:
        if not twice:
            return await self.browser.submit(screen, fields)
        one, other = await self.browser.submit_twice(screen, fields)
        self.taken.double_submits += 1
        if (one.path, one.status) != (other.path, other.status):
            raise WrongTurnError(f"a double click led to {one.path} and to {other.path}")
        return other

    async def stray(self, screen: Screen, planned: Deeds) -> Screen:
        """Reload, go back and send an old form, send one from a second tab; all must lead back here."""
        if planned.reloads and place(screen.path)[0] != "landing":
            reloaded = await self.browser.open(screen.path)
            self.taken.reloads += 1
            screen = leading_here(screen, reloaded, "reloading")
        if not self.earlier:
            return screen
        old, fields = planned.earlier(self.earlier)
        if planned.goes_back:
            if place(old)[0] != "landing":
                leading_here(screen, await self.browser.open(old), f"opening {old}")
            self.taken.backs += 1
        if planned.uses_stale_tab:
            self.taken.stale_tabs += 1
        for _ in range(planned.goes_back + planned.uses_stale_tab):
            screen = leading_here(screen, await self.browser.post(old, fields), f"the old form of {old}")
        return screen

    def ratings(self, position: int) -> dict[str, int]:
        if not self.conditions:
            with self.ground.database.transaction() as session:
                self.conditions = queries.dealt_conditions(session, self.taken.code)
        condition = self.conditions[position]
        return {key: self.person.rating(condition, key, points) for key, points in self.ground.points.items()}

    def answers(self, kind: str, form: Form) -> dict[str, str]:
        """What this person puts into a form: chosen at random unless there is something to get right."""
        definition = self.ground.definition
        fields = {name: self.person.choose(options) for name, options in form.choices.items()}
        if kind == "consent":
            return {"consent": "yes"}
        if kind == "comprehension" and definition.comprehension:
            asked = definition.comprehension.questions
            return {f"question_{n}": str(q.correct + 1) for n, q in enumerate(asked, 1)}
        if kind == "check":
            return {"choice": asked_choice(form)}
        if definition.comment == "required":
            fields |= dict.fromkeys(form.texts, "Synthetic comment.")
        return fields


def leading_here(here: Screen, found: Screen, how: str) -> Screen:
    if (found.path, found.status) != (here.path, OK):
        raise WrongTurnError(f"at {here.path}, {how} led to {found.path} ({found.status})")
    return found


def rating_fields(ratings: Mapping[str, int]) -> dict[str, str]:
    return {f"rating_{number}": str(value) for number, value in enumerate(ratings.values(), 1)}


def asked_choice(form: Form) -> str:
    """The value of the answer an attention check asks for, read off the page as a person would."""
    statement = " ".join(form.legends)
    asked = [(label, value) for value, label in form.choices["choice"].items() if label in statement]
    return max(asked, key=lambda pair: len(pair[0]))[1]


def place(path: str) -> tuple[str, int]:
    """('rate', 3) for /p/…/rate/3, ('consent', 0) for /p/…/consent, ('landing', 0) for /s/…."""
    parts = path.strip("/").split("/")
    if parts[0] == "s":
        return "landing", 0
    return parts[2], int(parts[3]) if len(parts) > 3 else 0  # noqa: PLR2004  # p, code, kind, number
