"""What the participant's path reads.

The statements every page needs are constants: building them per call costs more than running them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Assignment, CheckAnswer, Item, OrderRow, Participant, Study, StudyVersion
from app.participation.assignment import ItemLoad
from app.participation.flow import Kind, Progress, Step, next_step
from app.participation.frozen_study import CACHE, FrozenStudy, freeze

# The hot statements select from tables, not entities: the ORM's part in a SELECT of columns is a tenth
# of a millisecond that brings nothing.
participant = cast("Table", Participant.__table__)
assignment = cast("Table", Assignment.__table__)
item = cast("Table", Item.__table__)
study = cast("Table", Study.__table__)
version = cast("Table", StudyVersion.__table__)


@dataclass(frozen=True)
class Visit:
    """A participant's row with the frozen study and the time of this request."""

    id: int
    study_id: int
    version_id: int
    code: str
    pseudonym: str
    mode: str
    is_counted: bool
    status: str
    external_id: str | None
    seed: int
    order_row: str | None
    is_late: bool
    comprehension_attempts: int
    has_understood: bool
    practice_done: int
    items_answered: int
    has_own_answer: bool
    checks_answered: int
    checks_passed: int
    consented_at: datetime | None
    instructed_at: datetime | None
    dealt_at: datetime | None
    questionnaire_at: datetime | None
    last_step_at: datetime
    lapses_at: datetime
    last_page: str | None
    slug: str
    study: FrozenStudy
    now: datetime

    @property
    def is_preview(self) -> bool:
        return self.mode == "preview"

    @property
    def has_answers(self) -> bool:
        """Whether anything was rated, answered or checked here; consenting and practising answer nothing."""
        given = (self.items_answered, self.has_own_answer, self.checks_answered, self.comprehension_attempts)
        return any(given) or self.questionnaire_at is not None

    @cached_property
    def step(self) -> Step:
        if self.last_page is not None:
            return Step(Kind(self.last_page))
        return next_step(self.study.shape, self.progress)

    @property
    def progress(self) -> Progress:
        return Progress(
            status=self.status,
            seed=self.seed,
            is_too_late=self.last_step_at + timedelta(hours=self.study.definition.design.resume_hours)
            < self.now,
            has_consented=self.consented_at is not None,
            has_read_instructions=self.instructed_at is not None,
            has_understood=self.has_understood,
            practice_done=self.practice_done,
            items_answered=self.items_answered,
            has_own_answer=self.has_own_answer,
            checks_answered=self.checks_answered,
            has_questionnaire=self.questionnaire_at is not None,
        )


FROM_OTHER_TABLES = {"slug", "study", "now"}
VISIT = (
    select(
        *(participant.c[name] for name in Visit.__dataclass_fields__ if name not in FROM_OTHER_TABLES),
        study.c.slug,
        version.c.sha256,
    )
    .join_from(participant, study, study.c.id == participant.c.study_id)
    .join(version, version.c.id == participant.c.version_id)
    .where(participant.c.code == bindparam("code"))
)
VISIT_LOCKED = VISIT.with_for_update(of=participant, key_share=True)

CURRENT_ASSIGNMENT = select(assignment.c.id, assignment.c.item_id).where(
    assignment.c.participant_id == bindparam("participant_id"),
    assignment.c.position == bindparam("position"),
)
CURRENT_ITEM = (
    select(
        assignment.c.id.label("assignment_id"),
        assignment.c.own_answer,
        item.c.premise,
        item.c.question,
        item.c.choices,
        item.c.answer,
        item.c.explanation,
    )
    .join_from(assignment, item, item.c.id == assignment.c.item_id)
    .where(
        assignment.c.participant_id == bindparam("participant_id"),
        assignment.c.position == bindparam("position"),
    )
)


@dataclass(frozen=True)
class CurrentItem:
    assignment_id: int
    own_answer: str | None
    premise: str | None
    question: str
    choices: list[str]
    answer: str
    explanation: str


def visit(session: Session, code: str, now: datetime, *, locked: bool = False) -> Visit:
    """The visit behind a /p/ address. `locked` keeps other requests of this participant out until the
    transaction ends. Raises: NotFound.
    """
    # PostgreSQL would refuse a code with U+0000; no such code was ever given out.
    known = {"code": code.replace("\0", "")}
    row = session.execute(VISIT_LOCKED if locked else VISIT, known).one_or_none()
    if row is None:
        raise NotFound("There is no such page. Please open the study again with the link you were given.")
    study = frozen_study(session, row.version_id, row.sha256)
    study = study.for_preview if row.mode == "preview" else study
    columns = {key: value for key, value in row._mapping.items() if key != "sha256"}  # noqa: SLF001  # SQLAlchemy's public name
    return Visit(**columns, study=study, now=now)


def frozen_study(session: Session, version_id: int, sha256: str) -> FrozenStudy:
    if sha256 in CACHE:
        return CACHE[sha256]
    definition = session.scalars(select(StudyVersion.definition).where(StudyVersion.id == version_id)).one()
    return freeze(sha256, definition)


def current_item(session: Session, visit: Visit) -> CurrentItem:
    """What is shown of the item a participant is at."""
    return CurrentItem(**session.execute(CURRENT_ITEM, place_of(visit)).one()._asdict())


def current_assignment(session: Session, visit: Visit) -> tuple[int, int]:
    """Return (assignment id, item id) of the item a participant is at."""
    assignment_id, item_id = session.execute(CURRENT_ASSIGNMENT, place_of(visit)).one()
    return assignment_id, item_id


def place_of(visit: Visit) -> dict[str, int]:
    return {"participant_id": visit.id, "position": visit.items_answered + 1}


def item_loads(session: Session, version_id: int) -> list[ItemLoad]:
    statement = select(Item.id, Item.question_id, Item.condition_id, Item.answered + Item.reserved)
    return [ItemLoad(*row) for row in session.execute(statement.where(Item.version_id == version_id))]


def is_full(session: Session, version_id: int, target: int) -> bool:
    """Whether every item of the version has its target of counted answers."""
    lacking = select(Item.id).where(Item.version_id == version_id, Item.answered < target).limit(1)
    return session.scalar(lacking) is None


def row_uses(session: Session, version_id: int, square: str) -> dict[int, int]:
    """How many participants follow each row of one square (a set of conditions)."""
    statement = select(OrderRow.row, OrderRow.uses).where(
        OrderRow.version_id == version_id, OrderRow.row.startswith(f"{square}/", autoescape=True)
    )
    return {int(row.rpartition("/")[2]): uses for row, uses in session.execute(statement)}


@dataclass(frozen=True)
class OpenStudy:
    """A study as its landing page sees it: the latest frozen version."""

    id: int
    slug: str
    status: str
    audience: str
    version_id: int
    study: FrozenStudy


def open_study(session: Session, slug: str) -> OpenStudy:
    """Raises: NotFound for an unknown study or one that was never launched."""
    statement = (
        select(Study.id, Study.slug, Study.status, Study.audience, StudyVersion.id, StudyVersion.sha256)
        .join(StudyVersion, StudyVersion.study_id == Study.id)
        .where(Study.slug == slug)
        .order_by(StudyVersion.number.desc())
        .limit(1)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("There is no study at this address. Please check the link you were given.")
    study_id, found_slug, status, audience, version_id, sha256 = row
    study = frozen_study(session, version_id, sha256)
    return OpenStudy(
        id=study_id, slug=found_slug, status=status, audience=audience, version_id=version_id, study=study
    )


def failed_checks(session: Session, visit: Visit, attempt: int) -> set[int]:
    """Which comprehension questions (from 0) went wrong in an attempt (from 1)."""
    statement = select(CheckAnswer.number).where(
        CheckAnswer.participant_id == visit.id,
        CheckAnswer.kind == "comprehension",
        CheckAnswer.attempt == attempt,
        ~CheckAnswer.is_correct,
    )
    return set(session.scalars(statement))


def slugs(session: Session) -> list[str]:
    return list(session.scalars(select(Study.slug).order_by(Study.slug)))


def status_now(now: datetime) -> Any:  # noqa: ANN401  # an SQL expression
    """The status as a reader should see it: whoever's reservations have lapsed has dropped out, and
    an erased visit is told from one that was left.
    """
    return case(
        (Participant.last_page.is_not(None), "erased"),
        ((Participant.status == "active") & (Participant.lapses_at < now), "dropped"),
        else_=Participant.status,
    )


def status_counts(session: Session, study_id: int, now: datetime) -> dict[str, int]:
    """Counted participants by status."""
    status = status_now(now).label("status")
    statement = (
        select(status, func.count())
        .where(Participant.study_id == study_id, Participant.is_counted)
        .group_by(status)
    )
    return dict(session.execute(statement).all())
