"""Jobs for tests."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs import service
from app.jobs.service import Kind, Order
from app.models import Job, Study
from app.web.db import Database
from tests.factories import make_study

BUSY = "busy"
EXPORT = {
    "format": "jsonl",
    "file": "small-jsonl.jsonl",
    "include_synthetic": False,
    "include_uncounted": False,
    "with_external_ids": False,
}


def make_job(session: Session, kind: Kind = "report", *, actor: str = "ada@example.org", **more: Any) -> Job:
    """A waiting job of the small study, which is made unless it is there."""
    study = session.scalars(select(Study)).first() or make_study(session)
    order = Order(
        kind=kind,
        subject=more.pop("subject", study.slug),
        study_id=study.id,
        arguments={"slug": study.slug, **(EXPORT if kind == "export" else {}), **more},
        actor=actor,
    )
    return service.start(session, order, BUSY)


def only(database: Database) -> Job:
    with database.transaction() as session:
        return session.scalars(select(Job)).one()
