from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel

from app.bundles import queries
from app.errors import NotFound
from app.models import Bundle
from app.web.auth import Desk, Opener, api_desk
from app.web.rest import Limit, Offset, api_router
from app.web.uploads import LARGEST_BODY_BYTES, bundle_file, take_in, upload_document

api = api_router("bundles")


class BundleOut(BaseModel):
    name: str
    questions: str
    source_sha256: str
    cleaning: str
    created_at: datetime
    counts: dict[str, Any]


class ExplanationOut(BaseModel):
    question_id: str
    predicted_answer: str | None
    explanation: str
    is_cut_off: bool


class BundleDetail(BundleOut):
    manifest: dict[str, Any]
    explanations: list[ExplanationOut]


class SetAsideOut(BaseModel):
    line: int
    reason: str


class ImportedOut(BundleOut):
    set_aside: list[SetAsideOut]


def described(bundle: Bundle, question_set: str) -> dict[str, Any]:
    return {
        "name": bundle.name,
        "questions": question_set,
        "source_sha256": bundle.source_sha256,
        "cleaning": bundle.cleaning,
        "created_at": bundle.created_at,
        "counts": bundle.counts,
    }


@api.get("/bundles")
def list_bundles(request: Request, offset: Offset = 0, limit: Limit = 100) -> list[BundleOut]:
    """List bundles, by name."""
    with api_desk(request, "material:read") as at:
        found = queries.bundles(at.session, offset, limit)
    return [BundleOut(**described(row.bundle, row.question_set)) for row in found]


def found(at: Desk, name: str) -> tuple[Bundle, str]:
    """A bundle, and the name of the question set it is about."""
    bundle = queries.bundle_by_name(at.session, name)
    if bundle is None:
        raise NotFound(f"There is no bundle '{name}'.")
    return bundle, queries.question_set_name(at.session, bundle.question_set_id)


@api.get("/bundles/{name}")
def get_bundle(request: Request, name: str, offset: Offset = 0, limit: Limit = 100) -> BundleDetail:
    """Get a bundle with some of its explanations as they are shown, in the questions' order."""
    with api_desk(request, "material:read") as at:
        bundle, question_set = found(at, name)
        rows = queries.some_explanations(at.session, bundle.id, offset, limit)
    shown = [
        ExplanationOut(
            question_id=row.question.key,
            predicted_answer=row.explanation.predicted_answer,
            explanation=row.explanation.shown_text,
            is_cut_off=row.explanation.is_cut_off,
        )
        for row in rows
    ]
    return BundleDetail(**described(bundle, question_set), manifest=bundle.manifest, explanations=shown)


@api.post(
    "/bundles",
    status_code=201,
    max_body_size=LARGEST_BODY_BYTES,
    openapi_extra=upload_document("name", "questions", "strict"),
)
async def import_bundle(request: Request) -> ImportedOut:
    """Import explanations from a .zip or JSON lines; the first rows that fit no question are listed."""
    opener = partial(api_desk, request, "material:write", "researcher")
    stored = await take_in(request, opener, "bundle", bundle_file)
    return await to_thread.run_sync(imported, opener, stored)


def imported(opener: Opener, stored: Mapping[str, Any]) -> ImportedOut:
    with opener() as at:
        bundle, question_set = found(at, stored["name"])
        return ImportedOut(**described(bundle, question_set), set_aside=stored["set_aside"])
