"""/api/v1: problems as RFC 9457 has them, the OpenAPI document, and its page."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from app.web.pages import Page, render
from app.web.rest import API, document


@dataclass(frozen=True, kw_only=True)
class ApiPage(Page):
    template = "api.html"
    document_url: str


router = APIRouter(prefix=API)


@router.get("/openapi.json")
def openapi(request: Request) -> JSONResponse:
    """What the API can do, as OpenAPI 3.1."""
    return JSONResponse(document(request.app.state.api_routers))


@router.get("/docs")
def docs() -> HTMLResponse:
    return render(ApiPage(document_url=f"{API}/openapi.json"))


@router.get("/{path:path}")
def nothing(path: str) -> None:
    raise HTTPException(404, path)
