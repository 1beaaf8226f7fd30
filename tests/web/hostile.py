"""Hostile words for the samples of pages, and what several samples share."""

from datetime import UTC, datetime
from typing import Any

from app.paging import Paged
from app.web.shell import Shell

HOSTILE = "<script>alert('&')</script>"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
SHELL = Shell(HOSTILE, "admin", "studies", HOSTILE)
FORM: dict[str, Any] = {"data": {"name": HOSTILE}, "errors": {"name": HOSTILE, "token": HOSTILE}}


def second_page(*rows: Any) -> Paged[Any]:
    return Paged(rows=rows, number=2, has_more=True)
