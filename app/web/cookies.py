"""Cookies of the whole site. Over https the name's prefix binds them to this host and to https by itself.

A participant's cookies are not set here: they are bound to one path, which the prefix forbids.
"""

from typing import Literal

from fastapi import Request
from fastapi.responses import Response

SameSite = Literal["lax", "strict"]
PREFIX = "__Host-"


def full_name(request: Request, name: str) -> str:
    return f"{PREFIX}{name}" if is_secure(request) else name


def is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def read_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(full_name(request, name))


def set_cookie(
    request: Request, response: Response, name: str, value: str, max_age_s: int, samesite: SameSite = "lax"
) -> None:
    response.set_cookie(
        full_name(request, name),
        value,
        max_age=max_age_s,
        httponly=True,
        samesite=samesite,
        secure=is_secure(request),
    )


def drop_cookie(response: Response, whole_name: str, samesite: SameSite = "lax") -> None:
    """Have the browser forget a cookie, which is named as it sent it."""
    response.delete_cookie(whole_name, httponly=True, samesite=samesite, secure=whole_name.startswith(PREFIX))
