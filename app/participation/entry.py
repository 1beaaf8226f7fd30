"""Who comes in: a new participant, one who comes back, or one who cannot take part now."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.models import Participant
from app.participation import known_visits, queries, returning
from app.participation.ids import spellings
from app.participation.known_visits import Known
from app.participation.queries import OpenStudy

# No letters or digits that are mistaken for one another, and nothing a spreadsheet reads as a number.
PSEUDONYM_LETTERS = "abcdefghjkmnpqrstvwxyz"
UNFINISHED = {"active", "dropped"}


class Welcome(Enum):
    GO_ON = auto()
    TAKEN_PART = auto()  # finished, and known by an external id alone: shows no code
    STARTED_ELSEWHERE = auto()  # an id alone opens nothing, so only the browser that started may go on
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
    is_preview: bool = False


def make_code() -> str:
    """128 random bits: the only key to a participant's pages."""
    return secrets.token_urlsafe(16)


def make_pseudonym() -> str:
    return "p" + "".join(secrets.choice(PSEUDONYM_LETTERS) for _ in range(9))


def hash_external_id(secret: bytes, study_id: int, external_id: str) -> str:
    """HMAC-SHA-256 (hex) of an external id, or of an attempt's, bound to one study."""
    return hmac.new(secret, f"{study_id}:{external_id}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Identity:
    """An external id and its hash, each in every spelling that a row of this person may have."""

    ids: Sequence[str]
    hashes: Sequence[str]


def identity_of(study: OpenStudy, external_id: str, secret: bytes) -> Identity:
    found = spellings(study.study.definition.recruitment.platform, external_id)
    return Identity(found, [hash_external_id(secret, study.id, one) for one in found])


@dataclass(frozen=True)
class Place:
    """Where a new visit stands among those of its external id."""

    code: str
    visit_number: int
    is_same_id: bool
    external_id: str | None
    external_hash: str | None


def enter(session: Session, study: OpenStudy, arrival: Arrival, secret: bytes, now: datetime) -> Entry:
    """Find the visit this arrival continues, or start a new one.

    Each code is looked up once. A double click whose first request commits between two looks would else be
    taken for another person on this computer; so it breaks the code's uniqueness instead, and is asked again.
    """
    if arrival.cookie_code and is_mine(session, study, arrival.cookie_code, arrival, secret):
        return Entry(Welcome.GO_ON, arrival.cookie_code)
    holder = known_visits.find_by_code(session, study, arrival.new_code)
    if holder is not None and belongs_to(holder, study, arrival, secret):
        return Entry(Welcome.GO_ON, arrival.new_code, is_preview=arrival.mode == "preview")
    visits = visits_of(session, study, arrival, secret)
    standing = [known for known in visits if known.status != "replaced"]
    if standing:
        mine = returning.same_attempt(standing, arrival.attempt_id, attempt_hash(study, arrival, secret))
        if mine is not None or arrival.attempt_id is None:
            return recognise(study, mine or standing[0], is_same_attempt=mine is not None)
    shut = why_shut(session, study, arrival.mode)
    if shut is not None:
        return Entry(shut)
    external_id, external_hash = known_as(study, arrival, visits, secret)
    place = Place(
        code=arrival.new_code if holder is None else make_code(),
        visit_number=visits[0].visit_number + 1 if visits else 1,
        is_same_id=returning.make_room(session, standing, now),
        external_id=external_id,
        external_hash=external_hash,
    )
    add_participant(session, study, arrival, secret, place, now)
    return Entry(Welcome.GO_ON, place.code, is_preview=arrival.mode == "preview")


def visits_of(session: Session, study: OpenStudy, arrival: Arrival, secret: bytes) -> list[Known]:
    """The earlier visits of this arrival's external id, the newest first."""
    if arrival.external_id is None:
        return []
    known = identity_of(study, arrival.external_id, secret)
    return known_visits.visits_of(session, study, arrival.mode, known.ids, known.hashes)


def known_as(
    study: OpenStudy, arrival: Arrival, visits: Sequence[Known], secret: bytes
) -> tuple[str | None, str | None]:
    """The id to store and its hash. Beside an earlier visit both are spelled as there: staff then choose
    between the two as between any others.
    """
    if arrival.external_id is None:
        return None, None
    before = visits[0] if visits else None
    external_id = (before and before.external_id) or arrival.external_id
    return external_id, (before and before.external_hash) or hash_external_id(secret, study.id, external_id)


def attempt_hash(study: OpenStudy, arrival: Arrival, secret: bytes) -> str | None:
    return hash_external_id(secret, study.id, arrival.attempt_id) if arrival.attempt_id else None


def is_known(session: Session, study: OpenStudy, arrival: Arrival, secret: bytes) -> bool:
    """Whether Start would lead to an earlier visit, so that a full or paused study lets this arrival try."""
    visits = [known for known in visits_of(session, study, arrival, secret) if known.status != "replaced"]
    hashed = attempt_hash(study, arrival, secret)
    is_open = arrival.attempt_id is None and bool(visits)
    return is_open or returning.same_attempt(visits, arrival.attempt_id, hashed) is not None


def is_mine(session: Session, study: OpenStudy, code: str, arrival: Arrival, secret: bytes) -> bool:
    """Whether a code this browser holds is this person's visit.

    On a shared computer a different id is someone else. A preview is nobody's: each begins anew.
    """
    known = known_visits.find_by_code(session, study, code)
    return known is not None and belongs_to(known, study, arrival, secret)


def belongs_to(known: Known, study: OpenStudy, arrival: Arrival, secret: bytes) -> bool:
    if known.mode != arrival.mode or known.status == "replaced":
        return False
    if arrival.external_id is None:
        return known.external_id is None or study.study.parameters.external_id is None
    identity = identity_of(study, arrival.external_id, secret)
    return known.external_id in identity.ids or known.external_hash in identity.hashes


def recognise(study: OpenStudy, known: Known, *, is_same_attempt: bool) -> Entry:
    if is_same_attempt and known.status in UNFINISHED and study.study.has_private_ids:
        return Entry(Welcome.GO_ON, known.code)
    if known.status not in UNFINISHED and (is_same_attempt or not study.study.has_private_ids):
        return Entry(Welcome.TAKEN_PART, status=known.status)
    return Entry(Welcome.STARTED_ELSEWHERE)


def why_shut(session: Session, study: OpenStudy, mode: str) -> Welcome | None:
    """Why nobody new comes in; None if they may. A preview takes no place, so it always may."""
    if mode == "preview":
        return None
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


def add_participant(
    session: Session, study: OpenStudy, arrival: Arrival, secret: bytes, place: Place, now: datetime
) -> None:
    reservation = timedelta(minutes=study.study.definition.design.reservation_minutes)
    session.execute(
        insert(Participant),
        {
            "study_id": study.id,
            "version_id": study.version_id,
            "code": place.code,
            "pseudonym": make_pseudonym(),
            "mode": arrival.mode,
            "is_counted": is_counted(study, arrival.mode) and not place.is_same_id,
            "status": "active",
            "external_id": place.external_id,
            "external_hash": place.external_hash,
            "attempt_hash": attempt_hash(study, arrival, secret),
            "visit_number": place.visit_number,
            "is_same_id": place.is_same_id,
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
