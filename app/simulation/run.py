"""Synthetic participants take a study over HTTP, as a browser does, and every count is checked after."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import httpx2

from app.contract.study import StudyDefinition
from app.errors import AppError, Conflict, Invalid, NotFound
from app.participation.queries import open_study, slugs
from app.simulation import queries
from app.simulation.browser import Browser, Form
from app.simulation.people import Effects, Person
from app.web.db import Database
from app.web.signing import Signing, mode_token

MOST_PAGES = 400  # a path that is longer leads round in circles


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


@dataclass
class Taken:
    """What one synthetic participant experienced; `sent` is position → construct → value, acknowledged."""

    code: str = ""
    ended: str = ""
    error: str = ""
    sent: dict[int, dict[str, int]] = field(default_factory=dict)
    submit_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    participants: int
    completed: int
    responses: int
    ratings: int
    lost: int
    differing: int
    errors: list[str]
    seconds: float
    ratings_per_s: float
    submit_p50_ms: float
    submit_p99_ms: float

    @property
    def is_right(self) -> bool:
        return not (self.errors or self.lost or self.differing) and self.completed == self.participants

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"ok": self.is_right}


class WrongTurnError(AppError):
    """A page that a participant should not have met."""


def simulate(database: Database, signing: Signing, plan: Plan) -> Summary:
    """Run a plan to its end and compare what was acknowledged with what is stored.

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
    taker = Taker(database, plan, study.study.definition, mode_token(signing, plan.slug, "synthetic"))
    if study.study.parameters.external_id:
        taker.id_parameter = study.study.parameters.external_id
    started = time.perf_counter()
    taken = asyncio.run(taker.take_all())
    return summarise(database, taken, time.perf_counter() - started)


class Taker:
    """Takes one study again and again."""

    def __init__(self, database: Database, plan: Plan, definition: StudyDefinition, token: str) -> None:
        self.database, self.plan, self.definition, self.token = database, plan, definition, token
        self.id_parameter: str | None = None
        self.run = secrets.token_hex(4)
        self.points = {c.key: len(definition.scales[c.scale]) for c in definition.constructs}

    async def take_all(self) -> list[Taken]:
        gate = asyncio.Semaphore(self.plan.concurrency)

        async def one(number: int) -> Taken:
            async with gate:
                return await self.take(number)

        return await asyncio.gather(*(one(number) for number in range(1, self.plan.participants + 1)))

    async def take(self, number: int) -> Taken:
        taken, browser = Taken(), Browser(self.plan.url)
        with noting_errors(taken, number):
            await self.walk(browser, Person(self.plan.seed, number, self.plan.effects), number, taken)
        await browser.close()
        return taken

    async def walk(self, browser: Browser, person: Person, number: int, taken: Taken) -> None:
        query = {"mode": self.token}
        if self.id_parameter:
            query[self.id_parameter] = f"synthetic-{self.run}-{number}"
        screen = await browser.open(f"/s/{self.plan.slug}", **query)
        conditions: dict[int, str] = {}
        for _ in range(MOST_PAGES):
            if screen.status != 200:  # noqa: PLR2004  # every page of a path is a plain OK
                raise WrongTurnError(f"{screen.path.rpartition('/')[2]} answered {screen.status}")
            form, kind, position = screen.form, *place(screen.path)
            if form is None:
                taken.ended = kind
                return
            if kind == "rate" and not conditions:
                taken.code = screen.path.split("/")[2]
                with self.database.transaction() as session:
                    conditions = queries.dealt_conditions(session, taken.code)
            ratings = self.ratings(person, conditions[position]) if kind == "rate" else {}
            fields = self.answers(person, kind, form) | self.rating_fields(ratings)
            started = time.perf_counter()
            following = await browser.submit(screen, fields)
            if following.path == screen.path and kind != "comprehension":
                raise WrongTurnError(f"{kind} {position} was not accepted")
            if kind == "rate":
                taken.submit_ms.append((time.perf_counter() - started) * 1000)
                taken.sent[position] = ratings
            screen = following
        raise WrongTurnError("the study does not end")

    def ratings(self, person: Person, condition: str) -> dict[str, int]:
        return {key: person.rating(condition, key, points) for key, points in self.points.items()}

    def rating_fields(self, ratings: dict[str, int]) -> dict[str, str]:
        return {f"rating_{number}": str(value) for number, value in enumerate(ratings.values(), 1)}

    def answers(self, person: Person, kind: str, form: Form) -> dict[str, str]:
        """What this person puts into a form: chosen at random unless there is something to get right."""
        fields = {name: person.choose(options) for name, options in form.choices.items()}
        if kind == "consent":
            return {"consent": "yes"}
        if kind == "comprehension" and self.definition.comprehension:
            asked = self.definition.comprehension.questions
            return {f"question_{n}": str(q.correct + 1) for n, q in enumerate(asked, 1)}
        if kind == "check":
            return {"choice": asked_choice(form)}
        if self.definition.comment == "required":
            fields |= dict.fromkeys(form.texts, "Synthetic comment.")
        return fields


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


@contextmanager
def noting_errors(taken: Taken, number: int) -> Iterator[None]:
    """One participant's misfortune is a line of the summary, not the end of the run."""
    try:
        yield
    except (AppError, httpx2.HTTPError, OSError, LookupError, ValueError) as error:
        taken.error = f"participant {number}: {type(error).__name__}: {error}"


def summarise(database: Database, taken: list[Taken], seconds: float) -> Summary:
    lost = differing = responses = ratings = completed = 0
    with database.transaction() as session:
        for one in taken:
            found = queries.stored(session, one.code) if one.code else None
            held = found.ratings if found else {}
            completed += found is not None and found.status == "completed" and one.ended == "done"
            responses += len(held)
            ratings += sum(len(values) for values in held.values())
            lost += sum(position not in held for position in one.sent)
            differing += sum(held[position] != one.sent.get(position) for position in held)
    times = sorted(ms for one in taken for ms in one.submit_ms) or [0.0]
    return Summary(
        participants=len(taken),
        completed=completed,
        responses=responses,
        ratings=ratings,
        lost=lost,
        differing=differing,
        errors=[one.error for one in taken if one.error],
        seconds=round(seconds, 2),
        ratings_per_s=round(ratings / seconds, 1),
        submit_p50_ms=round(times[len(times) // 2], 1),
        submit_p99_ms=round(times[min(int(len(times) * 0.99), len(times) - 1)], 1),
    )
