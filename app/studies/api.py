from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Body, Request
from pydantic import BaseModel

from app.access import level_of, study_for, visible
from app.contract.base import InvalidFile
from app.published import published
from app.studies import queries, service
from app.studies.definition import LARGEST_BYTES
from app.studies.queries import Overview
from app.studies.reading import read_apart
from app.studies.sharing import seen
from app.web.aside import aside
from app.web.auth import admit, api_desk
from app.web.rest import Limit, Offset, api_router

api = api_router("studies")
Yaml = Annotated[bytes, Body(media_type="application/yaml", description="a study definition, in YAML")]


class StudyOut(BaseModel):
    """`answers_least` and `answers_most` count the answers of the least and the most answered item."""

    slug: str
    title: str
    status: str
    audience: str
    version: int | None
    items: int
    answers_least: int
    answers_most: int
    target: int | None
    participants: dict[str, int]


class VersionOut(BaseModel):
    number: int
    sha256: str
    frozen_at: datetime


class StudyDetail(StudyOut):
    definition: dict[str, Any]
    versions: list[VersionOut]


class ValidationOut(BaseModel):
    """`problems` are the definition's own; `missing` is all that launching it here would refuse."""

    valid: bool
    slug: str | None
    sha256: str | None
    problems: list[str]
    missing: list[str]


class LaunchOut(BaseModel):
    """What a launch froze; `participants` reach the target when all of them complete."""

    version: int
    sha256: str
    items: int
    questions: int
    participants: int
    divides_exactly: bool
    audience: str
    left_out: int


def described(one: Overview) -> dict[str, Any]:
    return {
        "slug": one.slug,
        "title": one.title,
        "status": one.status,
        "audience": one.audience,
        "version": one.version,
        "items": one.items,
        "answers_least": one.ratings_least,
        "answers_most": one.ratings_most,
        "target": one.target,
        "participants": one.participants,
    }


@api.get("/studies")
def list_studies(request: Request, offset: Offset = 0, limit: Limit = 100) -> list[StudyOut]:
    """List the studies you may see, by slug, with their numbers."""
    with api_desk(request, "studies:read") as at:
        found = queries.overviews(
            at.session, datetime.now(UTC), visible(at.person), offset=offset, limit=limit
        )
    return [StudyOut(**described(one)) for one in found]


@api.get("/studies/{slug}")
def get_study(request: Request, slug: str) -> StudyDetail:
    """Get a study: its numbers, its definition as last stored, its frozen versions.

    Who may not change it gets REDACTED for completion codes, credit token, site and return address.
    """
    with api_desk(request, "studies:read") as at:
        study = study_for(at.session, at.person, slug)
        overview = queries.overview(at.session, study, datetime.now(UTC))
        definition = seen(study.draft, level_of(at.session, at.person, study) or "view")
        versions = [
            VersionOut(number=one.number, sha256=one.sha256, frozen_at=one.frozen_at)
            for one in published(at.session, queries.versions(at.session, study.id))
        ]
    return StudyDetail(**described(overview), definition=definition, versions=versions)


@api.post("/studies/validate", max_body_size=LARGEST_BYTES)
async def validate(request: Request, definition: Yaml) -> ValidationOut:
    """Say everything that is wrong with a definition, or missing here; stores nothing."""
    return await aside(request, validated, request, definition)


def validated(request: Request, definition: bytes) -> ValidationOut:
    admit(request, "studies:read")
    try:
        read = read_apart(text_of(definition))
    except InvalidFile as refused:
        problems = [line.strip() for line in str(refused).splitlines()]
        return ValidationOut(valid=False, slug=None, sha256=None, problems=problems, missing=[])
    with api_desk(request, "studies:read") as at:
        missing = service.problems_for(at.session, at.person, read)
    return ValidationOut(valid=True, slug=read.slug, sha256=read.sha256, problems=[], missing=missing)


@api.post("/studies", status_code=201, max_body_size=LARGEST_BYTES)
async def store_definition(request: Request, definition: Yaml) -> StudyOut:
    """Create a study that is yours, or replace the draft of one that you may edit."""
    return await aside(request, stored, request, definition)


def stored(request: Request, definition: bytes) -> StudyOut:
    admit(request, "studies:write", "researcher")
    # Reading a long definition takes seconds, in which participants of SQLite would wait for the writer.
    read = read_apart(text_of(definition))
    with api_desk(request, "studies:write", "researcher", writing=True) as at:
        study = service.save_draft(at.session, read, at.person)
        return StudyOut(**described(queries.overview(at.session, study, datetime.now(UTC))))


def text_of(body: bytes) -> str:
    """Raises: InvalidFile for what is no UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidFile(f"The definition: not UTF-8 text ({error.reason}).") from error


@api.post("/studies/{slug}/launch")
async def launch(request: Request, slug: str) -> LaunchOut:
    """Freeze the draft with its items and open the study; an unchanged one just reopens."""
    return await aside(request, launched, request, slug)


def launched(request: Request, slug: str) -> LaunchOut:
    with api_desk(request, "studies:write", "researcher", writing=True) as at:
        study_for(at.session, at.person, slug, "edit")
        done = service.launch(at.session, slug)
    return LaunchOut.model_validate(done, from_attributes=True)


@api.post("/studies/{slug}/pause")
def pause(request: Request, slug: str) -> StudyOut:
    """Take no new participants for now; those under way go on."""
    with api_desk(request, "studies:write", "researcher", writing=True) as at:
        study_for(at.session, at.person, slug, "edit")
        study = service.pause(at.session, slug)
        return StudyOut(**described(queries.overview(at.session, study, datetime.now(UTC))))


@api.post("/studies/{slug}/close")
def close(request: Request, slug: str) -> StudyOut:
    """Take no new participants any more; those under way may finish. Final."""
    with api_desk(request, "studies:write", "researcher", writing=True) as at:
        study_for(at.session, at.person, slug, "edit")
        study = service.close(at.session, slug)
        return StudyOut(**described(queries.overview(at.session, study, datetime.now(UTC))))
