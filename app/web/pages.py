"""A page is a frozen dataclass; its template may read those fields and nothing else."""

import hashlib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import ClassVar

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"


@cache
def asset(name: str) -> str:
    """The address of a file in static/, with its content's hash, so that it may be cached for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def inlined(*names: str) -> Markup:
    """The text of style sheets in static/, for a page that is a file of its own."""
    return Markup("\n").join(Markup((STATIC / name).read_text(encoding="utf-8")) for name in names)  # noqa: S704 - our own files


environment = Environment(
    loader=FileSystemLoader(ROOT / "templates"),
    undefined=StrictUndefined,
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
environment.globals["asset"] = asset
environment.globals["inlined"] = inlined


@dataclass(frozen=True)
class Page:
    template: ClassVar[str]


def render(page: Page, status: int = 200) -> HTMLResponse:
    context = {field.name: getattr(page, field.name) for field in fields(page)}
    return HTMLResponse(environment.get_template(page.template).render(context), status)
