"""Browsers that are known to an account: it was signed in to there, or its password was set there."""

import hmac
from hashlib import sha256
from typing import cast

from fastapi import Request
from fastapi.responses import Response

from app.web.auth import make_token
from app.web.cookies import read_cookie, set_cookie
from app.web.signing import Signing

KNOWN = "honeyglass-known"
KNOWN_FOR_S = 365 * 24 * 3600


def account_key(request: Request, email: str) -> str:
    """What stands for an account where attempts are counted; people type passwords as e-mail addresses."""
    secret = signing_of(request).secret
    return hmac.new(
        secret, f"honeyglass attempts {email}".encode("utf-8", "surrogatepass"), sha256
    ).hexdigest()


def name_of(request: Request, account: str) -> str | None:
    """The name this browser has with the account; None where nobody has signed in to it here."""
    value = signing_of(request).read("known browser", read_cookie(request, KNOWN) or "") or ""
    known_to, _, name = value.partition(" ")
    return name if known_to == account else None


def remember(request: Request, response: Response, account: str) -> None:
    name = name_of(request, account) or make_token()
    value = signing_of(request).sign("known browser", f"{account} {name}")
    set_cookie(request, response, KNOWN, value, KNOWN_FOR_S)


def signing_of(request: Request) -> Signing:
    return cast("Signing", request.app.state.signing)
