"""Jobs for tests."""

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs import service
from app.jobs.files import REPORT_PAGE
from app.jobs.service import Kind, Order
from app.models import Job, Study
from app.web.db import Database
from tests.factories import make_study

BUSY = "busy"
EXPORT: dict[str, Any] = {
    "export_format": "jsonl",
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


def make_files(database: Database, home: Path) -> None:
    """A report, a package and an export of the small study that were made before; the export is job 3."""
    names: dict[Kind, str] = {
        "report": REPORT_PAGE,
        "package": "small-data.zip",
        "export": EXPORT["file"],
    }
    for kind, name in names.items():
        with database.transaction(writing=True) as session:
            job = make_job(session, kind)
            assert service.claim(session, "test", 60) == job
            told = {"ok": True, "format": "jsonl", "rows": 1, "sha256": "0" * 64, "modes": ["people"]}
            path = home / "jobs" / str(job.folder) / name
            assert service.finish(session, job.id, "test", told)
        path.parent.mkdir(parents=True)
        path.write_text("made before")
        if kind == "report":
            (path.parents[1] / "report.zip").write_text("made before")
