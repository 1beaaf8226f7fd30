"""Synthetic participants take a study over HTTP, as a browser does, and every count is checked after."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from app.errors import AppError, Conflict, Invalid, NotFound
from app.participation.queries import OpenStudy, open_study, slugs
from app.simulation.behaviour import Habits, fates
from app.simulation.browser import Browser
from app.simulation.people import Effects, Person
from app.simulation.summary import Summary, summarise
from app.simulation.walk import Ground, Taken, Walk
from app.web.db import Database
from app.web.signing import Signing, mode_token

LONGEST_ABSENCE_S = 120  # where reservations last longer, latecomers do not wait for them to lapse
AFTER_LAPSING_S = 0.5


@dataclass(frozen=True)
class Plan:
    """What to simulate, against which server."""

    slug: str
    url: str
    participants: int
    concurrency: int
    seed: int
    effects: Effects
    force: bool = False
    habits: Habits = field(default_factory=Habits)


def simulate(
    database: Database,
    signing: Signing,
    plan: Plan,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Summary:
    """Run a plan to its end and compare what was acknowledged with what is stored.

    `tell` hears how many of how many participants have left the study.
    Raises: NotFound; Conflict if the study takes nobody, or is for people and `force` is not given.
    """
    with database.transaction() as session:
        known = slugs(session)
        if plan.slug not in known:
            raise NotFound(f"There is no study '{plan.slug}'. Studies: {', '.join(known) or 'none yet'}.")
        study = open_study(session, plan.slug)
    if study.audience == "people" and not plan.force:
        raise Conflict(
            f"Study '{plan.slug}' is for people. Synthetic participants need a study with "
            "audience: synthetic, or --force (they are then kept apart and do not count)."
        )
    if study.status != "live":
        raise Conflict(f"Study '{plan.slug}' is {study.status}; launch it first.")
    conditions = {condition.key for condition in study.study.definition.conditions}
    if unknown := sorted(plan.effects.root.keys() - conditions):
        raise Invalid(
            f"No condition '{unknown[0]}' in '{plan.slug}'; it has {', '.join(sorted(conditions))}."
        )
    taker = Taker(database, plan, study, mode_token(signing, plan.slug, "synthetic"), tell)
    started = time.perf_counter()
    taken = asyncio.run(taker.take_all())
    return summarise(database, taken, time.perf_counter() - started)


class Taker:
    """Takes one study again and again; whoever comes back late does so after all others."""

    def __init__(
        self, database: Database, plan: Plan, study: OpenStudy, token: str, tell: Callable[[int, int], None]
    ) -> None:
        self.plan, self.token, self.tell, self.left = plan, token, tell, 0
        self.ground = Ground(database, study.study.definition, plan.habits, plan.seed)
        self.id_parameter = study.study.parameters.external_id
        self.fates = fates(plan.habits, plan.participants, pages_of(study), plan.seed)
        self.run = secrets.token_hex(4)

    async def take_all(self) -> list[Taken]:
        self.gate = asyncio.Semaphore(self.plan.concurrency)
        await self.find_server()
        numbers = range(1, self.plan.participants + 1)
        walks = await asyncio.gather(*(self.begin(number) for number in numbers))
        returning = [walk for walk in walks if walk.fate.returns and walk.taken.has_vanished]
        await asyncio.gather(*(self.come_back(walk) for walk in returning))
        return [walk.taken for walk in walks]

    async def find_server(self) -> None:
        """People wait for a server that restarts. Raises: Conflict for one that was never there."""
        browser = Browser(self.plan.url)
        found = await browser.finds_a_server()
        await browser.close()
        if not found:
            raise Conflict(
                f"No server answers at {self.plan.url}. Start one in another terminal with: honeyglass serve."
                " If it runs elsewhere, say where with --url."
            )

    async def begin(self, number: int) -> Walk:
        query = {"mode": self.token}
        if self.id_parameter:
            query[self.id_parameter] = f"synthetic-{self.run}-{number}"
        person = Person(self.plan.seed, number, self.plan.effects)
        walk = Walk(self.ground, person, self.fates[number - 1], Taken(number))
        async with self.gate, self.sitting(walk.taken) as browser:
            await walk.begin(browser, f"/s/{self.plan.slug}", query)
        self.left += 1
        self.tell(self.left, self.plan.participants)
        return walk

    async def come_back(self, walk: Walk) -> None:
        """Come back after the reservation has lapsed, where that is not too long to wait for."""
        reserved_s = self.ground.definition.design.reservation_minutes * 60
        if reserved_s <= LONGEST_ABSENCE_S:
            back_at = walk.taken.left_at + reserved_s + AFTER_LAPSING_S
            await asyncio.sleep(max(back_at - time.monotonic(), 0))
            walk.taken.is_surely_late = walk.taken.held_items
        async with self.gate, self.sitting(walk.taken) as browser:
            await walk.come_back(browser)

    @asynccontextmanager
    async def sitting(self, taken: Taken) -> AsyncIterator[Browser]:
        """A browser of one's own. A misfortune is a line of the summary, not the end of the run."""
        browser = Browser(self.plan.url)
        try:
            yield browser
        except (AppError, httpx2.HTTPError, OSError, LookupError, ValueError) as error:
            taken.error = f"participant {taken.number}: {type(error).__name__}: {error}"
        taken.retries += browser.retries
        await browser.close()


def pages_of(study: OpenStudy) -> int:
    """How many pages with a form a participant meets after the landing page."""
    shape = study.study.shape
    items = shape.items * (2 if shape.has_own_answer else 1)
    preparation = 2 + shape.has_comprehension + shape.practice
    return preparation + items + shape.checks + shape.has_questionnaire
