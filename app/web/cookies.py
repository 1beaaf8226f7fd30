"""Cookies of the whole site. Over https the name's prefix binds them to this host and to https by itself.

A participant's cookies are not set here: they are bound to one path, which the prefix forbids. All are read
here, since the framework's reader takes time that grows with the square of a quoted value's length.
"""

import re
from typing import Literal

from fastapi import Request
from fastapi.responses import Response

SameSite = Literal["lax", "strict"]
PREFIX = "__Host-"
ESCAPED = re.compile(r"\\(?:([0-3][0-7]{2})|(.))", re.DOTALL)


def full_name(request: Request, name: str) -> str:
    return f"{PREFIX}{name}" if is_secure(request) else name


def is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def read_cookie(request: Request, name: str) -> str | None:
    return sent_cookie(request, full_name(request, name))


def sent_cookie(request: Request, whole_name: str) -> str | None:
    """What was set under this name; of a repeated one the last."""
    found = None
    for pair in request.headers.get("cookie", "").split(";"):
        name, equals, value = pair.partition("=")
        if equals and name.strip() == whole_name:
            found = unquoted(value.strip())
    return found


def unquoted(value: str) -> str:
    """The value without what `set_cookie` writes around spaces and slashes, and in place of ',' and ';'."""
    if len(value) < len('""') or not value[0] == value[-1] == '"':
        return value
    return ESCAPED.sub(lambda found: chr(int(found[1], 8)) if found[1] else found[2], value[1:-1])


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
