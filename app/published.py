"""A version's hashes as anybody may see them: of what is published.

The hashes that the database keeps are of whole definitions, so whoever saw one would find a short payment
code by trying. These are of what a data package holds, so that its reader can compute them again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contract.base import sha256_of
from app.contract.redaction import published_sha256
from app.models import Item, StudyVersion


@dataclass(frozen=True)
class Published:
    """`definition_sha256` is of what is left without payment, `sha256` of that, the items and the number."""

    number: int
    frozen_at: datetime
    sha256: str
    definition_sha256: str


# What was computed, by the version's own hash: a version never changes, and its page is looked at often.
known: dict[str, tuple[str, str]] = {}


def published(session: Session, versions: Iterable[StudyVersion]) -> list[Published]:
    return [Published(one.number, one.frozen_at, *hashes(session, one)) for one in versions]


def hashes(session: Session, version: StudyVersion) -> tuple[str, str]:
    if version.sha256 not in known:
        definition = published_sha256(version.definition)
        whole = {"definition": definition, "items": item_hashes(session, version), "number": version.number}
        known[version.sha256] = sha256_of(whole), definition
    return known[version.sha256]


def item_hashes(session: Session, version: StudyVersion) -> Sequence[Sequence[str]]:
    """The hashes of a version's items, condition by condition, in the order in which they were frozen."""
    statement = select(Item.condition_id, Item.sha256).where(Item.version_id == version.id)
    found: dict[int, list[str]] = {}
    for condition, sha256 in session.execute(statement.order_by(Item.id)):
        found.setdefault(condition, []).append(sha256)
    return list(found.values())
