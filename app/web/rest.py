"""What every part of /api/v1 shares: problems as RFC 9457 has them, parameters, the OpenAPI document."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel

API = "/api/v1"
PROBLEM_TYPE = "application/problem+json"
# Declares the bearer token in the document; reading it is api_desk's work, in the handler's transaction.
bearer_scheme = HTTPBearer(auto_error=False, description="A token from your account page.")


class Problem(BaseModel):
    """Why a call did not work (RFC 9457). `detail` says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[str] = []


def problem(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[str] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=list(errors),
    )
    more = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return JSONResponse(body.model_dump(), status, more | (headers or {}), media_type=PROBLEM_TYPE)


def is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


STATUSES = (400, 401, 403, 404, 409, 413, 422, 503)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in STATUSES
}


def api_router(tag: str) -> APIRouter:
    """A slice's part of the API: every call may answer with a problem, and says so."""
    return APIRouter(prefix=API, tags=[tag], responses=PROBLEMS, dependencies=[Depends(bearer_scheme)])


Offset = Annotated[int, Query(ge=0, le=10_000_000, description="how many to skip")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="how many at most")]


def document(routers: Sequence[APIRouter]) -> dict[str, Any]:
    routes = [route for one in routers for route in one.routes]
    found = get_openapi(
        title="Honeyglass",
        version="1",
        description="Studies, exports, question sets and bundles. Tokens are made on the account page.",
        routes=routes,
    )
    for operation in (one for path in found["paths"].values() for one in path.values()):
        # The list shows the handlers' own words, not their names taken apart.
        operation["summary"] = operation["description"].partition(".")[0]
    found["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    return found
