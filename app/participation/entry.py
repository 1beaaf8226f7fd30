"""Who comes in: a new participant, one who comes back, or one who cannot take part now."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.models import Participant
from app.participation import queries
from app.participation.queries import Known, OpenStudy

# No letters or digits that are mistaken for one another, and nothing a spreadsheet reads as a number.
PSEUDONYM_LETTERS = "abcdefghjkmnpqrstvwxyz"
FINISHED = {"completed", "declined", "screened_out", "turned_away", "withdrawn", "excluded"}


class Welcome(Enum):
    GO_ON = auto()
    TAKEN_PART = auto()  # finished, and known by an external id alone: shows no code
    STARTED_ELSEWHERE = auto()  # the id can be guessed, so only the browser that started may go on
    DRY_RUN = auto()  # the study counts synthetic participants alone: what a person gave would be lost
    NOT_OPEN = auto()
    FULL = auto()


@dataclass(frozen=True)
class Arrival:
    """What a browser brings. `new_code` is the one its landing page was given: pressing Start twice
    makes one participant.
    """

    mode: str
    new_code: str
    external_id: str | None = None
    study_id: str | None = None
    attempt_id: str | None = None
    cookie_code: str | None = None


@dataclass(frozen=True)
class Entry:
    """Where an arrival leads; `status` is how an earlier visit stands, where there was one."""

    welcome: Welcome
    code: str | None = None
    status: str | None = None


def make_code() -> str:
    """128 random bits: the only key to a participant's pages."""
    return secrets.token_urlsafe(16)


def make_pseudonym() -> str:
    return "p" + "".join(secrets.choice(PSEUDONYM_LETTERS) for _ in range(9))


def hash_external_id(secret: bytes, study_id: int, external_id: str) -> str:
    """HMAC-SHA-256 (hex) of an external id, bound to one study."""
    return hmac.new(secret, f"{study_id}:{external_id}".encode(), hashlib.sha256).hexdigest()


def enter(session: Session, study: OpenStudy, arrival: Arrival, secret: bytes, now: datetime) -> Entry:
    """Find the visit this arrival continues, or start a new one.

    Each code is looked up once. A double click whose first request commits between two looks would else be
    taken for another person on this computer; so it breaks the code's uniqueness instead, and is asked again.
    """
    if arrival.cookie_code and is_mine(session, study, arrival.cookie_code, arrival, secret):
        return Entry(Welcome.GO_ON, arrival.cookie_code)
    holder = queries.find_by_code(session, study, arrival.new_code)
    if holder is not None and belongs_to(holder, study, arrival, secret):
        return Entry(Welcome.GO_ON, arrival.new_code)
    known = returning(session, study, arrival, secret)
    if known is not None:
        return recognise(study, known)
    shut = why_shut(session, study, arrival.mode)
    if shut is not None:
        return Entry(shut)
    code = arrival.new_code if holder is None else make_code()
    add_participant(session, study, arrival, code, now)
    return Entry(Welcome.GO_ON, code)


def returning(session: Session, study: OpenStudy, arrival: Arrival, secret: bytes) -> Known | None:
    """The earlier visit of this arrival's external id, if there is one."""
    if arrival.external_id is None:
        return None
    hashed = hash_external_id(secret, study.id, arrival.external_id)
    return queries.find_returning(session, study, arrival.mode, arrival.external_id, hashed)


def is_mine(session: Session, study: OpenStudy, code: str, arrival: Arrival, secret: bytes) -> bool:
    """Whether a code this browser holds is this person's visit.

    On a shared computer a different id is someone else, and a preview is nobody's participation.
    """
    known = queries.find_by_code(session, study, code)
    return known is not None and belongs_to(known, study, arrival, secret)


def belongs_to(known: Known, study: OpenStudy, arrival: Arrival, secret: bytes) -> bool:
    if known.mode != arrival.mode:
        return False
    if arrival.external_id is None:
        return known.external_id is None or study.study.parameters.external_id is None
    if arrival.external_id == known.external_id:
        return True
    return known.external_hash == hash_external_id(secret, study.id, arrival.external_id)


def recognise(study: OpenStudy, known: Known) -> Entry:
    if known.status in FINISHED:
        return Entry(Welcome.TAKEN_PART, status=known.status)
    if study.study.has_private_ids:
        return Entry(Welcome.GO_ON, known.code)
    return Entry(Welcome.STARTED_ELSEWHERE)


def why_shut(session: Session, study: OpenStudy, mode: str) -> Welcome | None:
    """Why nobody new comes in; None if they may."""
    if mode == "people" and study.audience != "people":
        return Welcome.DRY_RUN
    if study.status != "live":
        return Welcome.NOT_OPEN
    return Welcome.FULL if is_closed_when_full(session, study) else None


def is_closed_when_full(session: Session, study: OpenStudy) -> bool:
    design = study.study.definition.design
    return design.when_full == "close" and queries.is_full(session, study.version_id, design.ratings_per_item)


def is_counted(study: OpenStudy, mode: str) -> bool:
    """People count, except in a dry run, where synthetic participants do."""
    return mode == study.audience


def add_participant(session: Session, study: OpenStudy, arrival: Arrival, code: str, now: datetime) -> None:
    reservation = timedelta(minutes=study.study.definition.design.reservation_minutes)
    session.execute(
        insert(Participant),
        {
            "study_id": study.id,
            "version_id": study.version_id,
            "code": code,
            "pseudonym": make_pseudonym(),
            "mode": arrival.mode,
            "is_counted": is_counted(study, arrival.mode),
            "status": "active",
            "external_id": arrival.external_id,
            "parameters": {
                key: value
                for key, value in (("study_id", arrival.study_id), ("attempt_id", arrival.attempt_id))
                if value
            },
            "seed": secrets.randbits(62),
            "started_at": now,
            "last_step_at": now,
            "lapses_at": now + reservation,
        },
    )
