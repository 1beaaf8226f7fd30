"""/healthz: the process answers. /readyz: so does its database, at the schema this release needs."""

from alembic.runtime.migration import MigrationContext
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from app.web.db import transaction
from app.web.migrations import newest_revision

router = APIRouter()


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(request: Request) -> PlainTextResponse:
    try:
        with transaction(request) as session:
            found = MigrationContext.configure(session.connection()).get_current_revision()
    except SQLAlchemyError:
        return PlainTextResponse("the database does not answer", 503)
    if found != newest_revision():
        return PlainTextResponse("the database is not migrated; run honeyglass migrate", 503)
    return PlainTextResponse("ready")
