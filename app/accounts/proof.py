"""Who is signed in shows again who they are, before what a stolen session must not do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from fastapi import Request

from app.accounts import attempts, browsers, passwords, queries, second_factor
from app.accounts.sealing import Seal
from app.web.auth import Desk, Duty, desk

WRONG_PASSWORD = "This is not your password."  # noqa: S105  # a sentence
WRONG_CODE = "This code is not right, or it was used already. Please type the next one."


def wrong_in(request: Request, data: Mapping[str, str], despite: Duty | None = None) -> dict[str, str]:
    """What is wrong with the password and the code in a form, by field; the code is used up if all is right.

    Called in turn, outside of any transaction: it hashes. Raises: TooMany.
    """
    with desk(request, writing=True, despite=despite) as at:
        counters = attempts.signed_in(browsers.account_key(request, at.person.email))
        attempts.count(at.session, counters, datetime.now(UTC))
        stored = queries.user_by_id(at.session, at.person.id).password_hash
    if not passwords.is_right(data.get("current", ""), stored):
        return {"current": WRONG_PASSWORD}
    with desk(request, writing=True, despite=despite) as at:
        errors = wrong_code_in(at, data.get("code", ""), stored, seal_of(request))
        if not errors:
            attempts.forgive(at.session, counters)
    return errors


def wrong_code_in(at: Desk, code: str, verified: str | None, seal: Seal) -> dict[str, str]:
    user = queries.locked_user(at.session, at.person.id)
    if user.password_hash != verified:
        return {"current": WRONG_PASSWORD}
    if user.totp_secret and not second_factor.use_code(user, code, datetime.now(UTC), seal):
        return {"code": WRONG_CODE}
    return {}


def seal_of(request: Request) -> Seal:
    return cast("Seal", request.app.state.seal)
